"""Rows of the work that is done once a night: for which night, how far it is, and when it was over."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped
from planner.storage.types import JsonObject, UtcDateTime


class NightWorkRow(ClinicScoped, Base):
    """The last night of one kind of work. `position` is where it goes on; `ended_at` is empty while it is not over."""

    __tablename__ = "night_work"

    name: Mapped[str]
    night: Mapped[date]
    position: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (UniqueConstraint("clinic_id", "name"),)
