"""Who may open what: signing in and out, and the own password."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "static": "public",
    "auth.sign_in": "public",
    "auth.sign_out": "staff",
    "auth.password": "staff",
}
