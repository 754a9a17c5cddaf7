"""Who may open what: figures, calibration and the export."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "figures.dashboard": "manager",
    "figures.calibration": "staff",
    "figures.export": "manager",
}
