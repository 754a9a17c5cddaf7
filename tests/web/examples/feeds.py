"""Examples for calendar addresses."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example, dav, feed_token

EXAMPLES: Final[Mapping[str, Example]] = {
    "dav.resource": lambda scene: dav(scene),
    "feeds.feed": lambda scene: {"token": feed_token(scene)},
}
