"""A PostgreSQL server for benchmarks: the tests' own way to start one, with room in memory for what is measured."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgresql import QUICK, Server

ROOMY = ("shared_buffers=1GB", "maintenance_work_mem=512MB", "max_wal_size=8GB", "checkpoint_timeout=1h")
"""As a server of a few gigabytes of memory is set up."""


@contextmanager
def server(*settings: str, lasting: bool = False) -> Iterator[Server]:
    """A server that is there for the block, and gone with its data afterwards.

    Args:
        settings: beside those above, "name=value".
        lasting: each commit waits for the disk, as in a clinic; else nothing has to survive a power cut.
    """
    chosen = (*ROOMY, *settings) if lasting else (*QUICK, *ROOMY, *settings)
    started = Server(chosen)
    try:
        yield started.make()
    finally:
        started.remove()
