"""Somebody who asks the pages for things, and has every answer judged; who signs in again when signed out."""

import logging
import random
import re
import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from planner.services import sessions, solve_jobs
from planner.services.runtime import Runtime
from planner.storage.people import StaffRow
from planner.sweeps import SWEEPS
from planner.web.access import ACCESS, LOGIN_KEY
from tests.factories import FakeClock, Person
from tests.strangers.judge import Asked, Fault, faults_of, opens
from tests.strangers.tally import Route, Tally
from tests.strangers.town import HOST, Town
from tests.strangers.who import Role
from tests.web.browser_without_screen import Browser

Pairs = Sequence[tuple[str, str]]
_WITHOUT: Final = ("nightly-backup", "integrity")
_TIMERS_EVERY: Final = 250
_log = logging.getLogger("planner")


@dataclass(frozen=True)
class Request:
    """What is asked.

    Args:
        path: with its query, as it is sent.
        form: the fields of a form; None: no body.
        files: of the form: (field, file name, content).
        body: sent as it is, in place of a form.
    """

    method: str
    path: str
    form: Pairs | None = None
    files: Sequence[tuple[str, str, bytes]] = ()
    body: tuple[bytes, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    with_token: bool = True

    @property
    def text(self) -> str:
        """All that an answer might repeat."""
        files = [content.decode(errors="replace") for _, _, content in self.files]
        body = self.body[0].decode(errors="replace") if self.body else ""
        return "\n".join((unquote(self.path), *(f"{name}={value}" for name, value in self.form or ()), *files, body))


class _Errors(logging.Handler):
    """Keeps what the program logs as gone wrong."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the words and where it happened."""
        error = record.exc_info[1] if record.exc_info else None
        where = "".join(traceback.format_exception(error)[-6:]) if error else ""
        self.kept.append(f"{record.getMessage()}\n{where}")

    def taken(self) -> list[str]:
        """What was kept, which is then forgotten."""
        kept, self.kept = self.kept, []
        return kept


class Visitor:
    """One role in one copy of the town."""

    def __init__(self, town: Town, role: Role, app: Flask, runtime: Runtime, tally: Tally, rng: random.Random) -> None:
        self.town, self.role, self.app, self.runtime, self.tally, self.rng = town, role, app, runtime, tally, rng
        self.browser = Browser(app)
        self._map = app.url_map.bind(HOST)
        self._by_template = {
            (re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule), method): rule.endpoint
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
        }
        self.foreign = tuple(each for ids in town.others.values() for each in ids)
        self._met: dict[str, list[str]] = defaultdict(list)
        self._password_hash = ""
        self._errors = _Errors()
        self._until_timers = _TIMERS_EVERY
        self.sign_in()

    def __enter__(self) -> "Visitor":
        _log.addHandler(self._errors)
        return self

    def __exit__(self, *_: object) -> None:
        _log.removeHandler(self._errors)

    def sign_in(self) -> None:
        """Open a session past the form, and be again who one was, if somebody let them go or renamed their role."""
        person = self.role.person
        with self.browser.raw.session_transaction() as session:
            session.clear()
            if person is not None:
                session[LOGIN_KEY] = self._session_of(person)

    def sign_out(self) -> None:
        """Forget who one is, as another browser would."""
        with self.browser.raw.session_transaction() as session:
            session.clear()

    def _session_of(self, person: Person) -> str:
        with self.runtime.writing(self.town.own.system) as unit:
            row = unit.get(StaffRow, person.id)
            self._password_hash = self._password_hash or row.password_hash
            row.active, row.role, row.password_hash = True, person.actor.role or "", self._password_hash
            return sessions.open_session(unit, row, "Firefox on Windows", "passkey")

    def ask(self, request: Request) -> TestResponse | None:
        """Send it, judge the answer, note both; None where there was none to judge."""
        endpoint = self.endpoint_of(request)
        route = (endpoint, request.method)
        self._pass_time()
        try:
            answer = self._sent(request)
        except Exception:
            self.tally.found(route, Fault("500", "no answer"), f"{self._told(request)}\n{traceback.format_exc()}")
            return None
        asked = Asked(request.method, endpoint, request.text, request.with_token)
        logged = self._errors.taken()
        for fault in faults_of(self.town, self.role, asked, answer):
            self.tally.found(route, fault, "\n".join((self._told(request), *logged)))
        if logged and answer.status_code < 500:
            self.tally.found(route, Fault("500", f"logged: {logged[0][:60]}"), f"{self._told(request)}\n{logged[0]}")
        self.tally.answered(route, answer.status_code)
        if self._is_somebody_else(route, answer):
            self.sign_in()
        return answer

    def endpoint_of(self, request: Request) -> str:
        """The route that will answer; "" for none."""
        path = unquote(urlsplit(request.path).path) or "/"
        try:
            found: str = self._map.match(path, method=request.method)[0]
        except (HTTPException, RequestRedirect):
            return ""
        return found

    def endpoint_of_rule(self, template: str, method: str) -> str:
        """The route of an operation of the description."""
        return self._by_template[template, method.upper()]

    def may_open(self, endpoint: str) -> bool:
        """Whether the route is for this role."""
        return opens(self.role, endpoint)

    def parts(self, endpoint: str, names: Sequence[str], *, odd: bool = False) -> dict[str, Any]:
        """Something for each <...> part of an address: of the own clinic, or of the other one."""
        made = self.town.addresses.get(endpoint, {}) if not odd and self.rng.random() < 0.5 else {}
        return {
            name: self.rng.choice(
                made.get(name, ())
                if name != "token" and name in made
                else self.choices(endpoint, name, odd=odd) or ("1",)
            )
            for name in names
        }

    def choices(self, endpoint: str, name: str, *, odd: bool = False) -> tuple[str, ...]:
        """What may stand in one part."""
        if name == "token":
            good = self._tokens(endpoint)
            return tuple(f"{each[:-1]}~" for each in good or (self.town.link,)) if odd or not good else good
        if odd:
            near = self.town.near.get(name, ()) if self.role.alone else ()
            return (*near, *self.town.others.get(name, ("0",)))
        return (*self.town.part(endpoint, name), *self._met.get(name, ())[-4:])

    def _tokens(self, endpoint: str) -> tuple[str, ...]:
        """Those of the links that the role holds, where they open something; of others' links none."""
        who = ACCESS[endpoint]
        if who == "public":
            return self.town.addresses.get(endpoint, {}).get("token", ())
        if who != self.role.holds:
            return ()
        return self.town.feeds if who == "feed-token" else (self.town.link,)

    def met(self, path: str) -> None:
        """Remember the numbers in an address that a page shows, to ask for them in other ways."""
        try:
            parts = self._map.match(unquote(path), method="GET")[1]
        except (HTTPException, RequestRedirect):
            return
        for name, value in parts.items():
            if name.endswith("_id") and str(value) not in self._met[name]:
                self._met[name].append(str(value))

    def _sent(self, request: Request) -> TestResponse:
        content: dict[str, Any] = {}
        if request.body is not None:
            content = {"data": request.body[0], "content_type": request.body[1]}
        elif request.form is not None:
            content = self._form(request)
        # Guessing is slowed by network, which is tested elsewhere; here it would end the walk.
        origin = {"REMOTE_ADDR": f"10.{self.rng.randrange(256)}.{self.rng.randrange(256)}.7"}
        return self.browser.raw.open(
            request.path, method=request.method, headers=dict(request.headers), environ_overrides=origin,
            base_url=f"http://{HOST}", buffered=True, **content,
        )  # fmt: skip

    def _form(self, request: Request) -> dict[str, Any]:
        pairs = [pair for pair in request.form or () if pair[0] != "csrf_token"]
        if request.with_token:
            pairs.append(("csrf_token", self.browser.csrf_token()))
        if not request.files:
            data = urlencode(pairs, encoding="utf-8", errors="surrogateescape").encode()
            return {"data": data, "content_type": "application/x-www-form-urlencoded"}
        many: dict[str, Any] = {}
        for name, value in pairs:
            many.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
        for name, filename, data in request.files:
            many[name] = FileStorage(BytesIO(data), filename=filename or "x", content_type="application/octet-stream")
        return {"data": many, "content_type": "multipart/form-data"}

    def _is_somebody_else(self, route: Route, answer: TestResponse) -> bool:
        """Whether the answer signed them in or out, or says that they may not what they may."""
        endpoint, method = route
        if endpoint.startswith("auth.") and method == "POST":
            return answer.status_code < 400 and not (answer.location or "").startswith("/sign-in/second")
        if self.role.person is None:
            return False
        led_away = answer.status_code == 302 and urlsplit(answer.location or "").path in ("/sign-in", "/account")
        return led_away or (answer.status_code == 403 and endpoint != "" and self.may_open(endpoint))

    def _pass_time(self) -> None:
        clock = self.runtime.clock
        assert isinstance(clock, FakeClock)
        clock.advance(seconds=self.rng.randrange(12))
        # A plan may think for a minute; here the first answer is good enough.
        solve_jobs.stop_all()
        self._until_timers -= 1
        if self._until_timers == 0:
            self._until_timers = _TIMERS_EVERY
            for sweep in SWEEPS:
                if sweep.name not in _WITHOUT:
                    sweep.run(self.runtime)
            for logged in self._errors.taken():
                self.tally.found(("(timers)", ""), Fault("500", f"logged: {logged[:60]}"), logged)

    def _told(self, request: Request) -> str:
        form = f" {list(request.form)}"[:1500] if request.form else ""
        files = f" files {[(name, file, data[:40]) for name, file, data in request.files]}" if request.files else ""
        return f"{request.method} {request.path[:500]}{form}{files} {dict(request.headers) or ''}"


def path_of(path: str, query: Pairs = ()) -> str:
    """An address with its query, whatever is in it."""
    asked = urlencode(list(query), encoding="utf-8", errors="surrogateescape")
    return quote(path, safe="/%:@!$&'()*+,;=~-._", errors="surrogateescape") + (f"?{asked}" if asked else "")
