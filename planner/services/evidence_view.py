"""The evidence as a reader sees it: the clinic's own for its people, the shipped one for everybody else."""

from planner.care.evidence import Evidence
from planner.services.runtime import Actor, Runtime


def evidence_for(runtime: Runtime, actor: Actor | None) -> Evidence:
    """All rows, with the clinic's own numbers where somebody of a clinic asks."""
    if actor is None:
        return Evidence.load()
    with runtime.reading(actor) as unit:
        return Evidence.load(unit.clinic.evidence_overrides)
