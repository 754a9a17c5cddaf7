"""Examples for settings and the first run."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example

EXAMPLES: Final[Mapping[str, Example]] = {}
