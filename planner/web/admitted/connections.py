"""Who may open what: calendars, the outtray, and taking over another program's appointments."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "calendars.overview": "reception",
    "calendars.make": "reception",
    "calendars.end": "reception",
    "calendars.help_page": "public",
    "take_over.show": "reception",
    "take_over.examine": "reception",
    "outtray.list": "reception",
    "outtray.message": "reception",
    "outtray.download": "reception",
}
