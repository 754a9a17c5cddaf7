"""Examples for the diary."""

from collections.abc import Mapping
from typing import Any, Final

from tests.web.examples.scene import Example, Scene, anas_course


def _visit(scene: Scene) -> dict[str, Any]:
    return {"appointment_id": anas_course(scene).appointment(2).id}


def _places(scene: Scene) -> dict[str, Any]:
    return {**_visit(scene), "first": "2026-03-09", "days": "7"}


EXAMPLES: Final[Mapping[str, Example]] = {
    "diary.visit": _visit,
    "diary.places_of": _places,
    "diary.move": _visit,
}
