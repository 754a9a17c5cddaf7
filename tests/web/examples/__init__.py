"""An example address for every route that needs one: what stands in its <...> parts, made of the cast.

Whoever adds a route with such parts adds a line in its area's module; tests/web/test_every_page.py asks for it by name.
What more than one area needs stands in scene.py.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tests.web.examples import (
    auth,
    booking,
    connections,
    courses,
    desk,
    diary,
    feeds,
    figures,
    operations,
    owner,
    patient,
    public,
    therapist,
)
from tests.web.examples.scene import LINK, Example, Scene, block_bens_time, put_into_outtray

__all__ = ["EXAMPLES", "LINK", "Scene", "block_bens_time", "put_into_outtray", "united"]


def united(areas: Iterable[Mapping[str, Example]]) -> Mapping[str, Example]:
    """All examples as one table.

    Raises:
        ValueError: two areas have one for the same route.
    """
    all_of_them: dict[str, Example] = {}
    for examples in areas:
        if twice := sorted(all_of_them.keys() & examples.keys()):
            raise ValueError(f"two examples for {', '.join(twice)}")
        all_of_them.update(examples)
    return all_of_them


AREAS: Final = (
    *(auth, booking, connections, courses, desk, diary),
    *(feeds, figures, operations, owner, patient, public, therapist),
)
EXAMPLES: Final = united(area.EXAMPLES for area in AREAS)
