"""Examples for calendars and the outtray."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example, feed_id, put_into_outtray

EXAMPLES: Final[Mapping[str, Example]] = {
    "calendars.end": lambda scene: {"feed_id": feed_id(scene)},
    "calendars.help_page": lambda scene: {"program": "google"},
    "outtray.message": lambda scene: {"name": put_into_outtray(scene.runtime, "Northside Clinic", "ana@example.org")},
    "outtray.download": lambda scene: {"name": put_into_outtray(scene.runtime, "Northside Clinic", "ana@example.org")},
}
