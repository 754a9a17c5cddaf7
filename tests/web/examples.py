"""An example address for every route that needs one: what stands in its <...> parts, made of the cast.

Whoever adds a route with such parts adds a line here; tests/web/test_every_page.py asks for it by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from planner.services.runtime import Runtime
from tests.factories import ANA_LINK, Clinic


@dataclass(frozen=True)
class Scene:
    """What an example may use: the program and the clinic; make what else is needed through the services."""

    runtime: Runtime
    clinic: Clinic


Example = Callable[[Scene], dict[str, Any]]

EXAMPLES: Final[Mapping[str, Example]] = {
    "static": lambda scene: {"filename": "css/planner.css"},
}

# Every address that is opened by a personal link has this token unless its example says otherwise.
LINK: Final = ANA_LINK
