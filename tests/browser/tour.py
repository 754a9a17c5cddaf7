"""The day of a clinic: which pages the tour shows, in whose window, and what is said beside each picture."""

from dataclasses import dataclass
from typing import Final

ROSA, BEN, MO, ANA = "Rosa Lind", "Ben Okafor", "Mo Adeyemi", "Ana Silva"
# The demo's words on every page: nothing of it is a real clinic's.
INTRODUCTION: Final = """\
# A day at the clinic, in pictures

One Tuesday at the demo clinic, which `make run` shows too. The tests of `tests/browser/test_tour.py` open each of these
pages in a real browser and take its picture (`make pictures`), so no picture grows old. All people are invented.
"""


@dataclass(frozen=True)
class Stop:
    """One picture of the tour.

    Args:
        name: of the picture's file.
        who: in whose window; Ana opens her personal link on a phone.
        path: the page; {course} and {patient} are Ana's.
        title: the heading.
        says: what happens there.
    """

    name: str
    who: str
    path: str
    title: str
    says: str

    @property
    def phone(self) -> bool:
        """Whether the picture is taken on a phone."""
        return self.who == ANA


STOPS: Final = (
    Stop(
        "today", ROSA, "/today", "Ten past ten at reception",
        "Rosa sees the day by time: who is here, who is to come, and the one next button for each. At the "
        "right stands what waits for somebody to look at, with a count.",
    ),
    Stop(
        "diary", ROSA, "/diary", "The diary",
        "A column for each therapist. A visit is dragged to another time or another column, and the reason "
        "why it may not stand somewhere is said while it is dragged. A menu and a form do the same without a "
        "mouse.",
    ),
    Stop(
        "worklists", ROSA, "/worklists", "What waits",
        "Two misses in a row, sessions without a date, visits that nobody reported: every line has its one or "
        "two actions.",
    ),
    Stop(
        "patients", ROSA, "/patients?q=an", "Finding somebody",
        "A few letters are enough. From here a course is booked in under a minute: findings, wishes, dates, "
        "one button.",
    ),
    Stop(
        "leave", ROSA, "/leave", "A therapist is away",
        "Rosa sees before anything is written which visits move where, course by course.",
    ),
    Stop(
        "my-day", BEN, "/my-day", "Ben's day",
        "The therapist's own list, with what was found and how far each course is.",
    ),
    Stop(
        "tour-course", BEN, "/courses/{course}", "One course",
        "All of Ana's course on one line: done, missed, booked and still wanted, with the pace, the outcome "
        "measures, notes and every change with who and why. The last one can be undone.",
    ),
    Stop(
        "assess", BEN, "/patients/{patient}/assess", "What was found, and what follows",
        "The estimate changes with every answer; each number opens the sources and the factors that moved it.",
    ),
    Stop(
        "frequency", BEN, "/courses/{course}/frequency", "Another rhythm",
        "Fewer or more visits: what would move, come or go is seen before it is applied.",
    ),
    Stop(
        "plan", ANA, "", "Ana's phone",
        "No account: a personal link opens the plan, with the next visit on top.",
    ),
    Stop(
        "phone-calendar", ANA, "/calendar", "In Ana's own calendar",
        "One tap subscribes; the calendar then follows every change by itself.",
    ),
    Stop(
        "settings", MO, "/settings", "What the owner sets",
        "The clinic, its people, rooms, hours, services, and how much the planner may do by itself.",
    ),
    Stop(
        "figures", MO, "/figures", "The clinic in figures",
        "Who came, how full the diary is, which courses are completed, and how long a patient waits for the "
        "first visit.",
    ),
    Stop(
        "estimates", MO, "/figures/estimates", "How well estimates hold",
        "Sessions that were estimated beside those that were given, by protocol.",
    ),
)  # fmt: skip


def words() -> str:
    """docs/tour.md."""
    parts = [f"## {stop.title}\n\n{stop.says}\n\n![{stop.title}](img/{stop.name}.png)\n" for stop in STOPS]
    return "\n".join([INTRODUCTION, *parts])
