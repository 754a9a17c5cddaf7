"""The sample board, the alerts and the scrape configuration ask for figures that there are."""

import json
import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from planner.services.pulse import Pulse, pulse_file
from planner.services.running import exposition
from planner.sweeps import SWEEPS
from tests.deploy.commands import ROOT, check_known

BOARD = ROOT / "deploy" / "grafana" / "planner.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
SCRAPE = ROOT / "deploy" / "prometheus" / "prometheus.yml"
# Prometheus' own, and what it adds to every figure.
ITS_OWN = {"up"}
ADDED = {"job", "instance", "le"}


def expressions():
    """Every expression of the board and of the alerts, with where it stands."""
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    text = ALERTS.read_text()
    for name, rule in re.findall(r"- alert: (\w+)\n(.*?)(?=\n\n|\Z)", text, re.DOTALL):
        yield name, re.search(r"expr:(.*?)\n +(?:for|labels):", rule, re.DOTALL).group(1)


EXPRESSIONS = list(expressions())


@pytest.fixture
def figures(runtime, config, clinic, clock):
    """What there is: {name: {label: values}}."""
    pulse = Pulse(pulse_file(config.instance), clock, {sweep.name: sweep.every for sweep in SWEEPS})
    pulse.beat(SWEEPS[0].name, timedelta(seconds=1).total_seconds(), failed=False)
    found = {}
    for family in text_string_to_metric_families(exposition(runtime, config.instance).decode()):
        # A histogram or a counter with labels has no sample before something happened.
        if family.type in ("histogram", "counter"):
            ending = "_total" if family.type == "counter" else "_bucket"
            found.setdefault(family.name + ending, {})
        for sample in family.samples:
            for label, value in sample.labels.items():
                found.setdefault(sample.name, {}).setdefault(label, set()).add(value)
            found.setdefault(sample.name, {})
    return found


def names_in(expression):
    """The figures that an expression asks for."""
    return set(re.findall(r"\b((?:planner|process)_\w+|up)\b", re.sub(r'"[^"]*"', '""', expression)))


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_every_figure_that_is_asked_for_exists(place, expression, figures):
    """A renamed one would leave an empty panel, or an alert that never goes off."""
    names = names_in(expression)
    assert names
    assert names <= figures.keys() | ITS_OWN


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_every_value_that_is_picked_out_exists(place, expression, figures):
    """state="failed", outcome=~"404|429": as the program writes them."""
    for name, matchers in re.findall(r"(planner_\w+)\{([^}]*)\}", expression):
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
            if label not in ADDED:
                assert set(values.split("|")) <= figures[name][label], (name, label)


def test_the_board_and_the_alerts_are_more_than_a_few_lines():
    """So the tests above look at something."""
    assert len(EXPRESSIONS) > 30
    assert len({name for _, expression in EXPRESSIONS for name in names_in(expression)}) > 15


def test_the_board_is_one_that_can_be_imported():
    """Each panel in its place, none upon another, all with one source that is chosen at the import."""
    board = json.loads(BOARD.read_text())
    places = [panel["gridPos"] for panel in board["panels"]]
    taken = [(p["x"] + x, p["y"] + y) for p in places for x in range(p["w"]) for y in range(p["h"])]
    assert len(taken) == len(set(taken))
    assert all(x < 24 for x, _ in taken)
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${source}"}
    assert [variable["name"] for variable in board["templating"]["list"]] == ["source"]
    assert len({panel["id"] for panel in board["panels"]}) == len(places)


def test_every_alert_says_what_to_do():
    """An alert that only wakes somebody up helps nobody; and its commands are the planner's."""
    rules = re.findall(r"- alert: (\w+)\n(.*?)(?=\n\n|\Z)", ALERTS.read_text(), re.DOTALL)
    assert len(rules) == ALERTS.read_text().count("alert:")
    for name, rule in rules:
        assert "severity: page" in rule or "severity: ticket" in rule, name
        assert "summary: " in rule, name
        what = re.search(r"what_to_do: (.*)", rule).group(1)
        for command in re.findall(r"planner (check|worker|sweep)", what):
            check_known([command, *(["x"] if command == "sweep" else [])])


def test_the_scrape_asks_where_the_planner_answers(app):
    """By the path of its route and the name that the board picks out."""
    text = SCRAPE.read_text()
    assert "job_name: planner\n" in text
    assert "/metrics" in [rule.rule for rule in app.url_map.iter_rules()]
    assert "metrics_path: /metrics" in text
    assert "alerts.yml" in text
