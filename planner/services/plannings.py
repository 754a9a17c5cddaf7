"""What is done in each kind of long planning: the same here and in a worker."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.services import block_booking, leave, new_hours
from planner.services.solve_jobs import Work

WORKS: Final[Mapping[str, Work]] = MappingProxyType(
    {
        leave.LEAVE_JOB: leave.think,
        new_hours.HOURS_JOB: new_hours.think,
        block_booking.BLOCK_JOB: block_booking.think,
    }
)
