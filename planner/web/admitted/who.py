"""The words of the access table."""

from collections.abc import Mapping
from typing import Literal

# public: everybody. staff: everyone who is signed in. A role: that role, and managers. patient-link: whoever has the
# personal link in <token>. feed-token: the view itself looks up the address, because calendars know no sign-in.
Who = Literal["public", "staff", "reception", "therapist", "manager", "patient-link", "feed-token"]

Table = Mapping[str, Who]
"""Who may open each endpoint ("courses.undo") of one area."""
