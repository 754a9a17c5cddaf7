"""Who may open what: pages without signing in."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "public.home": "public",
    "public.questions_again": "public",
    "public.estimate": "public",
    "public.dates_ics": "public",
    "public.evidence": "public",
}
