"""How a clinic of the benchmarks lives: how many people, how much happens in a week. All of it is assumption."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """One clinic's size and what happens there.

    Shares are of visits, as far as nothing else is said.

    Args:
        therapists: each with a room of their own, Monday to Friday 8–18.
        courses_a_week: new patients, each assessed and booked for a whole course.
        missed: the patient does not come and nobody knows before.
        called_off: the patient cancels two days before.
        moved: reception moves the visit two days before.
        measured: an outcome is written down.
        looks: pages with a patient's data that staff open, for the audit of who saw what.
        pages: all pages that staff open.
        own_pages: pages that patients open.
        subscribed: share of patients whose phone asks for their calendar.
        polls_a_day: how often one such phone, and one therapist's, asks.
    """

    therapists: int = 10
    courses_a_week: float = 10.0
    missed: float = 0.05
    called_off: float = 0.07
    moved: float = 0.03
    measured: float = 0.30
    looks: int = 2
    pages: float = 6.0
    own_pages: float = 0.5
    subscribed: float = 0.6
    polls_a_day: float = 24.0

    def __post_init__(self) -> None:
        """Refuse shares that can't be."""
        shares = (self.missed, self.called_off, self.moved, self.measured, self.subscribed)
        if not all(0 <= share <= 1 for share in shares) or self.missed + self.called_off + self.moved > 1:
            raise ValueError(f"these shares can't be: {self}")
        if self.therapists < 1 or self.courses_a_week <= 0:
            raise ValueError(f"nobody works here: {self}")


BUSY = Rates()
"""The clinic whose pages are measured: ten therapists."""

USUAL = Rates(therapists=3, courses_a_week=3.0)
"""The clinic of which a thousand live through a year."""
