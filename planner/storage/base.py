"""The base of all rows: naming convention, and the clinic as the first part of every key."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from planner.storage.ids import new_id

__all__ = ["Base", "ClinicScoped", "same_clinic"]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger().with_variant(Integer, "sqlite")}  # noqa: RUF012


class ClinicScoped:
    """A row of one clinic. Its key starts with the clinic, so no row can point into another clinic."""

    clinic_id: Mapped[int] = mapped_column(
        ForeignKey("clinic.id"), primary_key=True, autoincrement=False, sort_order=-20
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=new_id, sort_order=-10)


def same_clinic(column: str, table: str, **options: Any) -> ForeignKeyConstraint:
    """A foreign key to a row of the same clinic.

    Args:
        column: the referring column, e.g. "patient_id".
        table: the referred table.
    """
    return ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"], **options)
