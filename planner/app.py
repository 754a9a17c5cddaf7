"""The web application: blueprints, templates, and what every request passes through."""

import logging
from typing import Any, Final

from flask import Flask, g, url_for

from planner.config import PACKAGE, Config, template_folder
from planner.errors import PlannerError
from planner.services.feed_memory import FeedMemory
from planner.services.read_log import ReadLog
from planner.services.runtime import Actor, Runtime
from planner.web import access, assets, errors, operations, reader, security, shown, watching
from planner.web.blueprints import BLUEPRINTS
from planner.web.context import DOOR, EXTENSION, FEEDS, GUESSES, READ_LOG, actor_or_none, runtime
from planner.web.dav import dav
from planner.web.feed_answer import FeedDoor
from planner.web.formats import FILTERS
from planner.web.guessing import Guesses
from planner.web.navigation import home_of, navigation_for
from planner.web.numbers import RowNumber
from planner.words import say

_NO_CLINIC: Final = (say("Course planner"), "")
_log = logging.getLogger("planner.web")


class _Application(Flask):
    """Flask, but for the line it logs when even the error page fails: that one carries the address with its token."""

    def log_exception(self, exc_info: Any) -> None:
        """Log the failure without the address."""
        _log.error("the error page failed", exc_info=exc_info)


def create_app(running: Runtime, config: Config) -> Flask:
    """The application around a running program.

    Raises:
        ValueError: a route is missing in the access table.
    """
    app = _Application("planner", static_folder=None, template_folder=str(template_folder()))
    app.extensions[EXTENSION] = running
    app.jinja_env.filters.update(FILTERS)
    # None: messages go out through a mail server, and the outtray's pages say so.
    app.config["OUTTRAY"] = config.outtray if config.smtp is None else None
    app.config["FEED_GZIP"] = config.feed_gzip
    app.extensions[FEEDS] = memory = FeedMemory()
    app.extensions[GUESSES] = Guesses()
    app.extensions[READ_LOG] = ReadLog(running)
    operations.install(app, config)
    security.install(app, config)
    access.install(app)
    watching.install_names(app)
    shown.install(app)
    errors.install(app)
    reader.install(app)
    assets.install(app, PACKAGE / "static")
    app.url_map.converters["int"] = RowNumber
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    # A calendar program has no form and no cookie, and what it could change is refused anyway.
    app.extensions["csrf"].exempt(dav)
    access.check_complete(app)
    encrypted = config.base_url.startswith("https://")
    door = FeedDoor(app.wsgi_app, running, memory, may_pack=config.feed_gzip, encrypted=encrypted)
    app.extensions[DOOR] = door
    app.wsgi_app = door  # type: ignore[method-assign]
    app.context_processor(_shared)
    return app


def create_probes(running: Runtime, config: Config) -> Flask:
    """What a process without pages answers to those who look after it."""
    app = Flask("planner.worker", static_folder=None)
    app.extensions[EXTENSION] = running
    operations.install(app, config)
    watching.install(app, behind_proxy=False)
    app.register_blueprint(operations.operations)
    return app


def _shared() -> dict[str, Any]:
    """What base.html needs on every page."""
    person = actor_or_none()
    if "clinic_words" not in g:
        # Once for all templates of a request: a diary draws several.
        g.clinic_words = _clinic(person)
    name, contact = g.clinic_words
    signed_in = person is not None and person.role is not None
    return {
        "actor": person,
        "html_language": reader.html_language(),
        "clinic_name": name,
        "clinic_contact": contact,
        "navigation": navigation_for(person),
        "person_name": person.name if person is not None and signed_in else "",
        "sign_out_url": url_for("auth.sign_out"),
        "home_url": home_of(person),
    }


def _clinic(person: Actor | None) -> tuple[str, str]:
    """The clinic's name and how to reach it, for the head and foot of the page."""
    if person is None:
        return _NO_CLINIC
    try:
        with runtime().reading(person) as unit:
            return unit.clinic.name, unit.clinic.phone or unit.clinic.email
    except PlannerError:
        # The page that says the database can't be read must not need the database.
        return _NO_CLINIC
