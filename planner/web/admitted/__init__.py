"""The access table, one module for each area; a route without a row stops the program from starting.

The tables stand apart from the views, which look into all of them: so no import goes in a circle.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from planner.web.admitted import (
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
from planner.web.admitted.who import Table, Who


def united(tables: Iterable[Table]) -> Table:
    """All tables as one.

    Raises:
        ValueError: two of them have a row for the same route.
    """
    rows: dict[str, Who] = {}
    for table in tables:
        if twice := sorted(rows.keys() & table.keys()):
            raise ValueError(f"in the access table twice: {', '.join(twice)}")
        rows.update(table)
    return MappingProxyType(rows)


AREAS: Final = (
    *(auth, desk, booking, diary, courses, therapist, figures),
    *(owner, connections, patient, public, feeds, operations),
)
ACCESS: Final[Table] = united(area.ADMITTED for area in AREAS)
