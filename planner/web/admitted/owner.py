"""Who may open what: settings and the first run."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    # The view itself looks at the token, and whether there is a clinic yet.
    "owner.setup": "public",
    "owner.my_language": "staff",
    "owner.settings": "manager",
    "owner.system": "manager",
    "owner.policies": "manager",
    "owner.policy_follows": "manager",
    "owner.staff": "manager",
    "owner.person": "manager",
    "owner.let_go": "manager",
    "owner.take_back": "manager",
    "owner.account_link": "manager",
    "owner.reset_factors": "manager",
    "owner.signing_in": "manager",
    "owner.clinic": "manager",
    "owner.rooms": "manager",
    "owner.room": "manager",
    "owner.close_room": "manager",
    "owner.reopen_room": "manager",
    "owner.closures": "manager",
    "owner.remove_closure": "manager",
    "owner.services": "manager",
    "owner.service": "manager",
    "owner.offer_service": "manager",
    "owner.letters": "manager",
    "owner.letter_sample": "manager",
    "owner.evidence": "manager",
    "owner.evidence_row": "manager",
    "owner.audit": "manager",
    "owner.audit_file": "manager",
    "owner.privacy": "manager",
    "owner.privacy_person": "manager",
    "owner.export_person": "manager",
    "owner.erase_person": "manager",
}
