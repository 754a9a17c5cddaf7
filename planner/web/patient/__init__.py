"""What a patient can do with the personal link, without an account."""

from planner.web.patient import cancelling, moving, papers, plan, telling
from planner.web.patient.routes import patient

__all__ = ["cancelling", "moving", "papers", "patient", "plan", "telling"]
