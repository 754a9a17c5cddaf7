"""Writes docs/evidence.md from the evidence: `python -m planner.care.evidence_doc > docs/evidence.md`."""

import sys
from collections.abc import Iterator

from planner.care.evidence import Evidence, EvidenceRow, Kind

_HEADINGS = {
    Kind.PROTOCOL: "Protocols: sessions and weeks",
    Kind.GOAL: "Goals",
    Kind.FREQUENCY: "Frequency, phases and gaps",
    Kind.FACTOR: "Factors: which way each moves the number of sessions",
    Kind.ATTENDANCE: "Misses",
    Kind.SAFETY: "Monitoring and safety",
    Kind.ADVICE: "What a patient is told",
    Kind.JUDGEMENT: "Our own judgement",
}
_INTRODUCTION = """\
# Evidence

Every clinical number the planner uses, and where it comes from. Rows E… carry facts of the sources in our own words.
The sources give directions, seldom sizes: where the planner needs a size that no source gives, it is a row J…, our
own judgement. A clinic can change any number named here, and every estimate says by id which rows it followed.

This page is written from `planner/care/evidence.toml` by `python -m planner.care.evidence_doc > docs/evidence.md`.
"""


def render(evidence: Evidence) -> str:
    """The whole page as Markdown."""
    sources = "\n".join(f"- **{key}**: {title}" for key, title in evidence.sources.items())
    sections = [_section(heading, evidence.of_kind(kind)) for kind, heading in _HEADINGS.items()]
    return "\n".join([_INTRODUCTION, f"## Sources\n\n{sources}\n", *sections])


def _section(heading: str, rows: tuple[EvidenceRow, ...]) -> str:
    head = f"## {heading}\n\n| id | what it says | numbers | source |\n|---|---|---|---|\n"
    return head + "".join(f"{line}\n" for line in map(_line, rows))


def _line(row: EvidenceRow) -> str:
    says = " ".join(_texts(row))
    numbers = ", ".join(f"`{name}` {value:g}" for name, value in row.numbers.items()) or "–"
    source = "our judgement" if row.judgement else ", ".join(row.sources)
    return f"| {row.id} | {says} | {numbers} | {source} |"


def _texts(row: EvidenceRow) -> Iterator[str]:
    yield row.says
    if row.fewer:
        yield f"*Fewer:* {row.fewer}"
    if row.more:
        yield f"*More:* {row.more}"


if __name__ == "__main__":
    sys.stdout.write(render(Evidence.load()))
