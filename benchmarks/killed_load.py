"""People at work over HTTP while programs are killed: they book, move, cancel, tell misses, confirm, poll calendars.

As a browser or a proxy does, they send a form again, unchanged, to the other server where the first gave no answer.
"""

import http.client
import http.cookiejar
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final, LiteralString

import psycopg

TRY_FOR_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
_PAUSE_SECONDS = 0.2
_AWAY = (502, 503, 504)
_BOOKED: Final = "SELECT id FROM appointment WHERE status = 'booked' AND starts_at > now() + interval '1 hour'"
_PAST: Final = "SELECT id FROM appointment WHERE status IN ('booked', 'fulfilled') AND ends_at < now()"
_COURSE = re.compile(r"/courses/(\d+)")


class Gone(Exception):
    """No server answered for a whole minute."""


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Args:
        again: whether the request was sent more than once.
    """

    status: int
    text: str
    location: str
    again: bool


@dataclass
class Told:
    """What one client was told, and how long it took."""

    booked: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    repeated: int = 0
    slowest: float = 0.0


class _Form(HTMLParser):
    """What a page's forms would send without a button, all together."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._area = ""
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the fields of a form; of boxes and choices those that are chosen."""
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.values.setdefault(name, []).append(given.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.values[name] = [""]
        elif tag == "select":
            self._choice = name
        elif tag == "option" and self._choice and ("selected" in given or self._choice not in self.values):
            self.values[self._choice] = [given.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        """A field is over."""
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._choice = ""

    def handle_data(self, data: str) -> None:
        """What stands in a text area."""
        if self._area:
            self.values[self._area] = [data.removeprefix("\n")]


def fields(page: str) -> dict[str, list[str]]:
    """What the forms of a page would send."""
    form = _Form()
    form.feed(page)
    return form.values


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows where an answer leads to, and does not go there."""

    def redirect_request(self, *_: Any) -> None:
        """No."""
        return


class Browser:
    """One person's browser, which goes to either server.

    Args:
        ports: of the servers.
    """

    def __init__(self, ports: tuple[int, int], chance: random.Random, told: Told) -> None:
        self._ports = ports
        self._chance = chance
        self._told = told
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies, _Stay)

    def sign_in(self, email: str, password: str) -> None:
        """Once; the session is good at both servers."""
        page = self.ask("/sign-in")
        answer = self.ask("/sign-in", {**fields(page.text), "email": [email], "password": [password]})
        assert answer.status == 302, (answer, page)

    def ask(self, path: str, form: dict[str, list[str]] | None = None) -> Answer:
        """Open a page or send a form; where no answer comes, the same again, until one does. Raises Gone."""
        data = urllib.parse.urlencode(form, doseq=True).encode() if form is not None else None
        begun, tries = time.monotonic(), 0
        port = self._chance.choice(self._ports)
        while time.monotonic() - begun < TRY_FOR_SECONDS:
            answer = self._once(port, path, data, again=tries > 0)
            if answer is not None:
                self._told.slowest = max(self._told.slowest, time.monotonic() - begun)
                self._told.repeated += tries
                return answer
            tries += 1
            port = next(other for other in self._ports if other != port)
            time.sleep(_PAUSE_SECONDS)
        raise Gone(path)

    def _once(self, port: int, path: str, data: bytes | None, *, again: bool) -> Answer | None:
        try:
            with self._opener.open(f"http://127.0.0.1:{port}{path}", data, timeout=_ANSWER_SECONDS) as answer:
                return Answer(answer.status, answer.read().decode(), "", again)
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code in _AWAY:
                    return None
                try:
                    return Answer(refusal.code, refusal.read().decode(), refusal.headers.get("Location", ""), again)
                except (http.client.HTTPException, OSError):
                    return None
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return None


@dataclass(frozen=True)
class Scene:
    """What clients need to know.

    Args:
        address: of the database, to look for an appointment as somebody reads it off the screen.
        patients: with the assessment that each was given.
        feeds: paths of calendars.
    """

    ports: tuple[int, int]
    address: str
    email: str
    password: str
    patients: tuple[tuple[int, int], ...]
    feeds: tuple[str, ...]


class Client(threading.Thread):
    """One receptionist, choosing by chance until told to stop."""

    def __init__(self, scene: Scene, seed: int, over: threading.Event) -> None:
        super().__init__(name=f"client-{seed}")
        self.told = Told()
        self._scene = scene
        self._chance = random.Random(seed)
        self._over = over
        self._browser = Browser(scene.ports, self._chance, self.told)
        self._csrf = ""

    def run(self) -> None:
        """Work; whatever goes wrong otherwise than by a refusal is kept as broken."""
        actions = (self.book, self.book, self.move, self.move, self.cancel, self.miss, self.confirm, self.poll)
        try:
            self._browser.sign_in(self._scene.email, self._scene.password)
            while not self._over.is_set():
                action = self._chance.choice(actions)
                outcome = action()
                if outcome is not None:
                    (self.told.done if outcome else self.told.refused)[action.__name__] += 1
        except Exception as error:
            self.told.broken.append(f"{type(error).__name__}: {error}")

    def book(self) -> bool | None:
        """A course for somebody, at the dates that are proposed."""
        patient, assessment = self._chance.choice(self._scene.patients)
        path = f"/patients/{patient}/book"
        page = self._judged(self._browser.ask(f"{path}?assessment={assessment}"))
        page = self._judged(self._browser.ask(path, {**fields(page.text), "do": ["dates"]}))
        form = fields(page.text)
        if page.status != 200 or "course_id" not in form:
            return False
        answer = self._judged(self._browser.ask(path, {**form, "do": ["book"]}))
        where = _COURSE.search(answer.location)
        if answer.status == 302 and where:
            self.told.booked.append(int(where[1]))
        return answer.status == 302

    def move(self) -> bool | None:
        """Some appointment, to one of the places that its page offers."""
        appointment = self._some(_BOOKED)
        if appointment is None:
            return None
        path = f"/appointments/{appointment}/move"
        page = self._judged(self._browser.ask(path))
        offered = re.findall(r'name="slot" value="([^"]+)"', page.text)
        if not offered:
            return None
        form = fields(page.text)
        wanted = {"slot": [self._chance.choice(offered)]}
        return self._sent(path, {**wanted, "version": form["version"], "csrf_token": form["csrf_token"]})

    def cancel(self) -> bool | None:
        """Some appointment; its session is placed again half of the time."""
        return self._happens(_BOOKED, "cancel", {"rebook": [self._chance.choice(("yes", "no"))], "reason": [""]})

    def miss(self) -> bool | None:
        """Somebody did not come; the rest is repaired."""
        return self._happens(_PAST, "miss", {})

    def confirm(self) -> bool | None:
        """Somebody says that they will come."""
        return self._happens(_BOOKED, "confirm", {})

    def poll(self) -> bool | None:
        """A calendar program asks."""
        answer = self._judged(self._browser.ask(self._chance.choice(self._scene.feeds)))
        return answer.status == 200 and answer.text.startswith("BEGIN:VCALENDAR")

    def _happens(self, query: LiteralString, what: str, form: dict[str, list[str]]) -> bool | None:
        appointment = self._some(query)
        if appointment is None:
            return None
        page = self._judged(self._browser.ask(f"/appointments/{appointment}/move"))
        shown = fields(page.text)
        version = self._asked("SELECT version FROM appointment WHERE id = %s", appointment)[0]
        known = {"version": [str(version)], "csrf_token": shown["csrf_token"]}
        return self._sent(f"/appointments/{appointment}/{what}", {**form, **known})

    def _sent(self, path: str, form: dict[str, list[str]]) -> bool:
        return self._judged(self._browser.ask(path, form)).status == 302

    def _judged(self, answer: Answer) -> Answer:
        if answer.status >= 500:
            self.told.broken.append(f"status {answer.status}")
        return answer

    def _some(self, query: LiteralString) -> int | None:
        found = self._asked(query)
        return self._chance.choice(found) if found else None

    def _asked(self, query: LiteralString, *values: int) -> list[int]:
        with psycopg.connect(self._scene.address, options="-c planner.clinic_id=all") as looking:
            return [row[0] for row in looking.execute(query, values)]
