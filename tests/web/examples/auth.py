"""Examples for signing in and static files."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example

EXAMPLES: Final[Mapping[str, Example]] = {
    "static": lambda scene: {"filename": "css/planner.css"},
}
