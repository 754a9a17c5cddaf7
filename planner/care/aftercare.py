"""What a patient is told before the first visit and after a session, as evidence rows to show."""

from planner.care.evidence import Evidence, EvidenceRow

_BEFORE_FIRST_VISIT = ("E75", "E76", "E62", "E73")
_AFTER_A_SESSION = ("E70", "E71", "E72", "E77", "E78", "E73", "E74")


def before_first_visit(evidence: Evidence | None = None) -> tuple[EvidenceRow, ...]:
    """What happens at the first visit and what to expect of it. Source: E62, E73, E75, E76."""
    known = evidence or Evidence.load()
    return tuple(known[row_id] for row_id in _BEFORE_FIRST_VISIT)


def after_a_session(evidence: Evidence | None = None) -> tuple[EvidenceRow, ...]:
    """What is normal after a session and what helps until the next one. Source: E70–E74, E77, E78."""
    known = evidence or Evidence.load()
    return tuple(known[row_id] for row_id in _AFTER_A_SESSION)
