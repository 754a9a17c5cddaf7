"""Writes benchmarks/SCALE.md from what was measured, and the figures that docs/scale.md quotes from it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.scale.arithmetic import Assumed, answers, feeds_a_second, kinds, sweep_seconds
from benchmarks.scale.pages import LARGE, LONG, SMALL, Pages
from benchmarks.scale.rates import BUSY, USUAL
from benchmarks.scale.side_by_side import MOST
from benchmarks.scale.site import PLANNED
from benchmarks.scale.year import WEEKS, Year

DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"
_QUOTED = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)


def page(parts: Mapping[str, Any], assumed: Assumed | None = None) -> str:
    """The whole page, of the parts that were measured."""
    assumed = assumed or Assumed()
    lines = ["# What many clinics cost", "", "Written by `make bench-scale`; what the words mean: docs/scale.md.", ""]
    figures: list[tuple[str, str]] = []
    if "pages" in parts:
        found = Pages.from_json(parts["pages"]["found"])
        lines += [*_pages(found, parts["pages"])]
        figures += _figures_of_pages(found)
    if "year" in parts:
        lived = Year.from_json(parts["year"]["found"])
        lines += [*_year(lived, parts["year"], assumed)]
        figures += _figures_of_year(lived, assumed)
    return "\n".join([*lines, "## Figures", "", *_table(figures), ""])


def quote(page_text: str, document: str) -> str:
    """The document with the figures of the page between its two marks."""
    figures = page_text.partition("## Figures\n\n")[2]
    return _QUOTED.sub(lambda _: figures, document)


def _table(figures: list[tuple[str, str]]) -> list[str]:
    return ["| figure | measured |", "|---|---:|", *(f"| {name} | {value} |" for name, value in figures)]


def _origin(part: Mapping[str, Any]) -> str:
    share = "" if part["share"] == 1 else f" **Only {part['share']:g} of the whole size.**"
    return f"{part['at']}, sources {part['commit']}, {part['machine']}{share}"


def _pages(found: Pages, part: Mapping[str, Any]) -> Iterator[str]:
    sizes = "; ".join(
        f"*{name}*: {found.clinics[name]:,} clinics, {count:,} appointments, loaded in {found.loading[name]:.0f} s"
        for name, count in found.appointments.items()
    )
    yield from ("## Pages and planning", "", _origin(part), "")
    yield f"On {found.database}, in one run: {found.rounds} rounds, in each every database once, in turn. {sizes}."
    yield f"A clinic has {BUSY.therapists} therapists; those of *{LARGE}* have {found.years:.1f} years of past."
    yield from (
        "Milliseconds, p50 / p95; questions: statements in transactions (a calendar's look at its row is in none).",
        "",
    )
    yield f"| | {SMALL} | {LARGE} | {LONG} | {LARGE} ÷ {SMALL} | {LONG} ÷ {SMALL} | questions |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for act, by in found.acts.acts.items():
        times = " | ".join(f"{by[name].p50:.1f} / {by[name].p95:.1f}" for name in (SMALL, LARGE, LONG))
        ratios = " | ".join(f"{found.acts.ratio(act, name, SMALL):.2f}" for name in (LARGE, LONG))
        asked = sorted({each.questions for each in by.values()})
        yield f"| {act} | {times} | {ratios} | {'–'.join(map(str, asked))} |"
    held = found.acts.verdict(LARGE, SMALL)
    yield ""
    yield f"p95 at most {MOST} × everywhere, {LARGE} against {SMALL}: **{'held' if held else 'not held'}**."
    yield from ("", "### A round of the timers with nothing due, all clinics", "", "| sweep | seconds |", "|---|---:|")
    yield from (f"| {name} | {seconds:.3f} |" for name, seconds in found.sweeps.items())
    yield ""
    yield f"The nightly look through one clinic: {found.verifying:.1f} s; it found {found.findings} faults."
    if found.held:
        yield from ("", f"### What an upgrade holds, {LARGE}", "", "| statement | seconds |", "|---|---:|")
        yield from (f"| {what} | {seconds:.3f} |" for what, seconds in found.held.items())
    yield from ("", "### Rows and bytes", "")
    yield "Rows a clinic wrote for each appointment in a life through the services; of these the others are copies:"
    yield ", ".join(f"{name} {count:.2f}" for name, count in sorted(found.proportions.items()) if count >= 0.01) + "."
    if found.size.rows:
        yield from ("", f"| table ({LARGE}) | rows | MB | of it indexes |", "|---|---:|---:|---:|")
        for name in sorted(found.size.bytes, key=lambda each: -found.size.bytes[each])[:12]:
            megabytes = f"{found.size.bytes[name] / 1e6:,.1f} | {found.size.indexes[name] / 1e6:,.1f}"
            yield f"| {name} | {found.size.rows[name]:,} | {megabytes} |"
    yield ""


def _year(lived: Year, part: Mapping[str, Any], assumed: Assumed) -> Iterator[str]:
    yield from (f"## A year of {lived.clinics:,} clinics", "", _origin(part), "")
    weeks = lived.days_done / 5
    yield (
        f"PostgreSQL that waits for the disk at each commit. {lived.playing} of the clinics lived {weeks:.0f} of "
        f"{WEEKS} weeks, every event of them ({USUAL.therapists} therapists, {USUAL.courses_a_week:g} courses a week); "
        "the others lay in the database with a little past and were swept with them. "
        f"{lived.seconds:.0f} s; {lived.sent} messages, "
        f"{lived.refused} refusals; the integrity look at the end found {lived.findings} faults."
    )
    yield from (
        "",
        "| event | measured | ms each | in a clinic's year | seconds a clinic-year |",
        "|---|---:|---:|---:|---:|",
    )
    for kind in kinds(lived):
        yield (
            f"| {kind.name} | {kind.measured:,} | {1000 * kind.seconds:.1f} | {kind.a_year:,.0f} "
            f"| {kind.seconds_a_year:,.1f} |"
        )
    yield from ("", "| timer, all clinics | seconds a round | share of one process |", "|---|---:|---:|")
    for name, (seconds, share) in sweep_seconds(lived).items():
        yield f"| {name} | {seconds:.3f} | {share:.1%} |"
    grown = {name: lived.ended.bytes[name] - lived.began.bytes[name] for name in lived.ended.bytes}
    yield from ("", "| table | rows a clinic-year | kB a clinic-year |", "|---|---:|---:|")
    for name in sorted(grown, key=lambda each: -grown[each])[:10]:
        rows = (lived.ended.rows[name] - lived.began.rows[name]) / lived.share
        yield f"| {name} | {rows:,.0f} | {grown[name] / lived.share / 1000:,.0f} |"
    yield ""
    yield (
        f"Assumed, {assumed.as_of}: €{assumed.machine:g} a month for {assumed.cores} cores, €{assumed.gigabyte:g} a "
        f"month for a gigabyte with its backups, {assumed.peak_share:.0%} of a week's work in Monday's first hour "
        f"(phones ask evenly), a machine that is {assumed.load:.0%} busy then."
    )
    yield ""


def _figures_of_pages(found: Pages) -> list[tuple[str, str]]:
    worst = max(found.acts.acts, key=lambda act: found.acts.ratio(act, LARGE, SMALL))
    longest = max(found.acts.acts, key=lambda act: found.acts.ratio(act, LONG, SMALL))
    figures = [
        (f"appointments of {LARGE} / of {SMALL}", f"{found.appointments[LARGE]:,} / {found.appointments[SMALL]:,}"),
        (f"largest p95 ratio, {LARGE} ÷ {SMALL} (at most {MOST})",
         f"{found.acts.ratio(worst, LARGE, SMALL):.2f} ({worst})"),
        (f"largest p95 ratio, {LONG} ÷ {SMALL}", f"{found.acts.ratio(longest, LONG, SMALL):.2f} ({longest})"),
        (f"p95 of {PLANNED}, {LARGE}", f"{found.acts.acts[PLANNED][LARGE].p95:.0f} ms"),
    ]  # fmt: skip
    if found.size.rows:
        each = found.size.all_bytes / found.appointments[LARGE]
        figures.append(("bytes for an appointment with all that belongs to it", f"{each:,.0f}"))
        figures.append(("longest that a statement of an upgrade holds a table", f"{max(found.held.values()):.1f} s"))
    return figures


def _figures_of_year(lived: Year, assumed: Assumed) -> list[tuple[str, str]]:
    known = answers(lived, assumed)
    unchanged, whole = feeds_a_second()
    return [
        ("calendars a second and core, unchanged / whole (FEEDS.md)", f"{unchanged:,} / {whole:,}"),
        ("courses planned and booked a second and process", f"{known.courses_a_second:.1f}"),
        ("rows a clinic-year", f"{known.rows:,.0f}"),
        ("megabytes a clinic-year", f"{known.bytes / 1e6:.1f}"),
        (f"process-hours for a year of {lived.clinics:,} clinics", f"{known.work:,.0f}"),
        (f"of one process the timers of {lived.clinics:,} clinics keep busy", f"{known.timers:.0%}"),
        (f"work in Monday's first hour, {lived.clinics:,} clinics", f"{known.peak:,.0f} process-seconds"),
        (f"clinics a machine of {assumed.cores} cores holds", f"{known.fits:,}"),
        ("cost a clinic and month", f"€{known.cost:.2f}"),
        ("integrity faults after the year", f"{lived.findings}"),
    ]
