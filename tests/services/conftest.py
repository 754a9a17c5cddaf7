"""A running program with a mail server that tests steer."""

from dataclasses import replace

import pytest

from tests.services.mail_server import Server


@pytest.fixture
def server():
    """The mail server behind `posted`."""
    return Server()


@pytest.fixture
def posted(runtime, server):
    """The running program with that server."""
    return replace(runtime, mailer=server)
