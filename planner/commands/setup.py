"""How every command that needs the clinic's data finds it."""

import os
from pathlib import Path

from planner import wiring
from planner.config import Config
from planner.services.runtime import Runtime


def load_config() -> Config:
    """The settings of this instance ($PLANNER_INSTANCE, else the checkout's instance/, else ./instance)."""
    return Config.load(os.environ, Path.cwd())


def open_runtime() -> Runtime:
    """The running program, on a database that is ready."""
    runtime = wiring.build(load_config())
    wiring.check_ready(runtime)
    return runtime
