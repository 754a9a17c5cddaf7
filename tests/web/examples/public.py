"""Examples for pages without signing in."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example

EXAMPLES: Final[Mapping[str, Example]] = {}
