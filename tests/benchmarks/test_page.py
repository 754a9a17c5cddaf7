"""The page of results: finished runs are kept, and the picture can be read."""

import xml.etree.ElementTree as ET

from benchmarks.finished import Finished
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


def test_the_gap_is_nothing_when_the_answer_is_proved():
    """And everything where nothing is."""
    assert (gap(0, 0), gap(7, 7), gap(110, 100), gap(7, 0)) == (0, 0, gap(110, 100), 100)
    assert round(gap(110, 100), 6) == 10


def test_the_table_names_size_seed_and_ratios():
    """A mean for each size, beside floor and goal."""
    page = report([run("50/3", 101), run("50/3", 102), run("200/10", 101)])
    assert "### 50/3" in page
    assert "Mean gap of 2 2.00 % (floor 5 %, goal 1 %)" in page
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
