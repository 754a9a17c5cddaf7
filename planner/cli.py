"""The command `planner`: the same services as the pages."""

from typing import Any

import click

from planner.commands.database import db
from planner.commands.run import run_worker, serve, sweep
from planner.errors import PlannerError


class _Refusing(click.Group):
    """A group whose refusals are one line on standard error and exit code 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PlannerError as refusal:
            click.echo(f"planner: {refusal.message}", err=True)
            ctx.exit(1)


@click.group(cls=_Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="course-planner", prog_name="planner")
def main() -> None:
    """Turn "how many sessions will I need?" into appointments that really happen."""


for command in (serve, run_worker, sweep, db):
    main.add_command(command)
