"""Examples for the questions of programs that look after the server."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example

EXAMPLES: Final[Mapping[str, Example]] = {}
