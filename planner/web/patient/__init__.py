"""What a patient can do with the personal link, without an account."""

from planner.web.patient import cancelling, contact, moving, papers, plan, telling
from planner.web.patient.routes import patient

__all__ = ["cancelling", "contact", "moving", "papers", "patient", "plan", "telling"]
