"""All blueprints, one per kind of person; a new one is one line here and one row per route in planner/web/admitted/."""

from typing import Final

from flask import Blueprint

from planner.web.account import account
from planner.web.auth import auth
from planner.web.calendars import calendars
from planner.web.courses import courses
from planner.web.dav import dav
from planner.web.diary import diary
from planner.web.feeds import feeds
from planner.web.figures import figures
from planner.web.operations import operations
from planner.web.outtray import outtray
from planner.web.owner import owner
from planner.web.patient import patient
from planner.web.public import public
from planner.web.reception import reception
from planner.web.take_over import take_over
from planner.web.therapist import therapist

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    *(auth, account, reception, diary, courses, feeds, dav, therapist, figures),
    *(owner, patient, public, outtray, calendars, take_over),
    operations,
)
