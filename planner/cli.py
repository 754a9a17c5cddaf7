"""The command `planner`: the same services as the pages."""

import errno
from importlib import import_module
from typing import Any, Final, cast

import click

from planner.errors import PlannerError

# Imported when called for: a look at an estimate should not wait for the web server to load.
COMMANDS: Final = {
    "serve": "planner.commands.run:serve",
    "worker": "planner.commands.run:run_worker",
    "demo": "planner.commands.demo:demo",
    "clinic": "planner.commands.clinic:clinic",
    "estimate": "planner.commands.plan:estimate",
    "plan": "planner.commands.plan:plan",
    "schedule": "planner.commands.schedule:schedule",
    "sweep": "planner.commands.run:sweep",
    "check": "planner.commands.check:check",
    "inbound": "planner.commands.inbound:inbound",
    "import-appointments": "planner.commands.take_over:import_appointments",
    "audit": "planner.commands.audit:audit",
    "patient": "planner.commands.privacy:patient",
    "db": "planner.commands.database:db",
    "backup": "planner.commands.backup:backup",
    "restore": "planner.commands.backup:restore",
}


def _tell(words: str) -> None:
    # Loaded only now: most commands end well.
    from planner.commands.saying import tell

    tell(words, refused=True)


class _Commands(click.Group):
    """The commands of the table, whose refusals are one line on standard error and exit code 1, never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        return cast(click.Command, getattr(import_module(module), attribute))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PlannerError as refusal:
            _tell(refusal.message)
            ctx.exit(1)
        except OSError as error:
            # The reader of a pipe has seen enough: click ends without a word.
            if error.errno == errno.EPIPE:
                raise
            _tell(f"The system refused: {error}.")
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="course-planner", prog_name="planner")
def main() -> None:
    """Turn "how many sessions will I need?" into appointments that really happen."""
