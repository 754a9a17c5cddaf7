"""Who may open what: signing in and out, and the own account."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "static": "public",
    "auth.sign_in": "public",
    # The view itself looks for whose password was right a moment ago.
    "auth.second_factor": "public",
    "auth.passkey": "public",
    "auth.forgotten": "public",
    # The view itself looks at the token.
    "auth.link": "public",
    "auth.sign_out": "staff",
    "auth.password": "staff",
    "account.show": "staff",
    "account.end_session": "staff",
    "account.end_others": "staff",
    "account.app": "staff",
    "account.confirm_app": "staff",
    "account.remove_app": "staff",
    "account.passkey": "staff",
    "account.add_passkey": "staff",
    "account.remove_passkey": "staff",
    "account.codes": "staff",
}
