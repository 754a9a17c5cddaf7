"""Refusals: facts a person can act on. Bugs raise ValueError instead."""


class PlannerError(Exception):
    """Something the planner will not do, said so that the person knows what to change.

    Args:
        message: one sentence in the reader's words.
        field: the form field or JSON key it concerns, dotted for nested values.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidInput(PlannerError):
    """A value is missing, unknown or makes no sense."""


class QueueFull(InvalidInput):
    """So much of this kind is being done already that one more would only slow down all; later it can be."""


class NotFound(PlannerError):
    """There is no such thing, or it belongs to another clinic: the two look the same."""


class NotAllowed(PlannerError):
    """This person's role does not permit it."""


class SlotTaken(PlannerError):
    """Somebody booked the practitioner, the room or the patient for that time first."""


class TooNear(SlotTaken):
    """The patient has a visit within 48 hours of that time, for another course."""


class StaleForm(PlannerError):
    """The thing changed since the form was shown."""


class AppointmentLocked(PlannerError):
    """The appointment is confirmed, past or within the notice time and stays as it is."""


class UndoRefused(PlannerError):
    """The change can't be undone: it was already told to the patient, or others build on it."""


class TooManyTries(PlannerError):
    """Too many secrets were tried that open nothing; a while later the next one is looked at.

    Args:
        seconds: after which to try again.
    """

    def __init__(self, message: str, *, field: str | None = None, seconds: int = 600) -> None:
        super().__init__(message, field=field)
        self.seconds = seconds


class DatabaseBusy(PlannerError):
    """The database did not answer in time; the same request may succeed later."""


class StorageFailed(PlannerError):
    """The database could not be written: the disk is full or the file can't be used."""
