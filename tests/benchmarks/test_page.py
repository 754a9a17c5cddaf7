"""The page of results: finished runs are kept, and the picture can be read."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from benchmarks.finished import ROOT, Finished, SourcesChanged, engine, sources
from benchmarks.limits import limits
from benchmarks.machine import machine
from benchmarks.many_courses import Run, gap, report
from benchmarks.picture import picture


def run(size: str, seed: int) -> Run:
    """A run that proved ten per cent, then two."""
    told = [(200, 0, 0.1, 0), (110, 100, 1.0, 5), (102, 100, 9.0, 90)]
    return Run(size, seed, 102, 100, 0, 400, 3, 250, 1, 10.0, 9.0, 150, told)


def test_a_finished_run_is_not_made_again(tmp_path):
    """Neither now nor after an interruption; another share of the time is another run."""
    path = tmp_path / "results.json"
    assert Finished(path, 1.0).get("many 50/3 101", lambda: [1]) == [1]
    assert Finished(path, 1.0).get("many 50/3 101", lambda: [2]) == [1]
    assert Finished(path, 1.0).get("many 50/3 102", lambda: [3]) == [3]
    assert Finished(path, 1.0, anew=True).get("many 50/3 101", lambda: [4]) == [4]
    assert Finished(path, 0.1).get("many 50/3 101", lambda: [5]) == [5]


def test_a_run_of_other_sources_is_made_again_and_the_others_are_kept(tmp_path):
    """What goes through the services depends on more than the engine."""
    path, of = tmp_path / "results.json", {"": "engine", "proposing": "all"}
    kept = Finished(path, 1.0, digest=dict(of).__getitem__)
    assert (kept.get("proposing", lambda: 1), kept.get("many 50/3 101", lambda: 2)) == (1, 2)
    again = Finished(path, 1.0, digest={**of, "proposing": "other"}.__getitem__)
    assert (again.get("proposing", lambda: 3), again.get("many 50/3 101", lambda: 4)) == (3, 2)


def test_sources_that_change_during_a_run_end_it(tmp_path):
    """Results of two engines are never on one page, neither before nor after a measurement."""
    path, of = tmp_path / "results.json", {"": "as it was"}
    kept = Finished(path, 1.0, digest=of.__getitem__)
    assert kept.get("small 2/2 101", lambda: 1) == 1
    with pytest.raises(SourcesChanged):
        kept.get("small 2/2 102", lambda: of.update({"": "edited"}))
    with pytest.raises(SourcesChanged):
        kept.get("small 2/2 101", lambda: 2)
    assert "102" not in path.read_text()


def test_all_that_a_result_depends_on_is_in_its_digest():
    """The engine, what it stands on, the measuring itself; for the services the whole program."""
    modules = {path.stem for path in engine()}
    assert {"joint", "kernel_search", "board", "interval", "errors"} <= modules
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, benchmarks.small, benchmarks.repair; print(*sys.modules)"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout.split()  # fmt: skip
    ours = {name.rpartition(".")[2] for name in loaded if name.startswith("planner.")}
    assert ours - {"scheduling", "diary"} <= modules
    assert sources("") != sources("proposing")


def test_what_is_said_of_floor_and_goal_follows_from_the_figures():
    """Reached, held and missed, also for memory."""
    few = [replace(run("500/20", seed), points=101, megabytes=199) for seed in (101, 102)]
    many = [replace(run("500/20", seed), points=107, megabytes=700) for seed in (101, 102)]
    assert "- Mean gap of 2: 1.00 %; floor 5 % held, goal 2 % reached" in report(few)
    assert "- Most memory: 199 MB; floor 600 MB held, goal 200 MB reached" in report(few)
    assert "- Mean gap of 2: 7.00 %; floor 5 % **not held**, goal 2 % **missed**" in report(many)
    assert "- Most memory: 700 MB; floor 600 MB **not held**, goal 200 MB **missed**" in report(many)
    assert limits(few) == []
    assert "What limits it" in limits([*few, *many])[0]


def test_the_gap_is_nothing_when_the_answer_is_proved():
    """And everything where nothing is."""
    assert (gap(0, 0), gap(7, 7), gap(110, 100), gap(7, 0)) == (0, 0, gap(110, 100), 100)
    assert round(gap(110, 100), 6) == 10


def test_the_table_names_size_seed_and_ratios():
    """A mean for each size, beside floor and goal."""
    page = report([run("50/3", 101), run("50/3", 102), run("200/10", 101)])
    assert "### 50/3" in page
    assert "- Mean gap of 2: 2.00 %; floor 5 % held, goal 1 % **missed**" in page
    assert "| 101 | 102 | 100 | 2.00 % | 0 | 0.41 | 0.26 |" in page


def test_the_picture_is_svg_with_a_line_for_each_run():
    """Axes and panels are labelled."""
    made = picture([run("50/3", 101), run("50/3", 102), run("500/20", 101)])
    root = ET.fromstring(made)  # noqa: S314 - our own
    name = "{http://www.w3.org/2000/svg}"
    assert len([path for path in root.iter(f"{name}path") if path.get("class") == "way"]) == 3
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{name}text"))
    assert "50 courses, 3 practitioners" in words
    assert "gap, per cent" in words
    assert "seconds" in words


def test_the_machine_is_told_without_its_name():
    """Cores and versions make a result comparable."""
    assert "cores" in machine()
    assert "Python 3." in machine()
