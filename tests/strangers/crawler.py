"""Follows every link and sends every form, breadth first: as it is shown, as a person would fill it in, and oddly."""

import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from werkzeug.routing import BuildError
from werkzeug.test import TestResponse

from planner.web.access import ACCESS
from tests.strangers.forms import Form, page_of
from tests.strangers.harvest import Harvest
from tests.strangers.values import FILES, kept, odd, usual, written
from tests.strangers.visitor import Request, Visitor, path_of

_ALIKE: Final = 2
"""Pages of one route with the same names in the query, in one round; more would be more of the same."""
_READ: Final = 6
"""Pages of one route that are read for links and forms, in one round."""

_CHANGE_EVERY: Final = 5
_SPOILED: Final = 0.6
_DEEP: Final = 4
"""Forms of the answer to a form of the answer to a form."""
_CALENDAR_METHODS: Final = ("GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "PUT", "DELETE", "MKCALENDAR", "LOCK")
_WANTS: Final = ({}, {}, {}, {"HX-Request": "true"}, {"Accept": "application/json"}, {"Accept-Language": "de;q=0.9,xx"})


@dataclass(frozen=True)
class _Stop:
    """An address to open, or a form to send there, and how it was come by."""

    path: str
    depth: int = 0
    form: Form | None = None
    right: bool = False
    seen_on: str = ""


class Crawler:
    """One walk, which ends by the clock."""

    def __init__(self, visitor: Visitor, harvest: Harvest, rng: random.Random) -> None:
        self.visitor, self.harvest, self.rng = visitor, harvest, rng
        self._queue: deque[_Stop] = deque()
        self._forms: deque[_Stop] = deque()
        self._alike: Counter[tuple[str, str]] = Counter()
        self._read: Counter[str] = Counter()
        self._sent: Counter[tuple[str, str, str]] = Counter()

    def walk(self, until: float) -> None:
        """Round after round, until this moment of the monotonic clock."""
        while time.monotonic() < until:
            self._alike.clear()
            self._sent.clear()
            self._read.clear()
            self._queue.extend(self._doors())
            changes, turn = self._past_forms(), 0
            while (self._queue or self._forms) and time.monotonic() < until:
                turn += 1
                request = next(changes, None) if turn % _CHANGE_EVERY == 0 else None
                if request is not None:
                    self._look_at(self.visitor.ask(request), request.path, _DEEP)
                elif self._forms and (turn % _CHANGE_EVERY < 3 or not self._queue):
                    self._open(self._forms.popleft())
                elif self._queue:
                    self._open(self._queue.popleft())

    def stay(self, path: str, until: float) -> None:
        """Send the forms of one page over and over, until it has none any more or the time is up."""
        while time.monotonic() < until:
            answer = self.visitor.ask(Request("GET", path))
            forms = page_of(answer.get_data(as_text=True)).forms if answer is not None else []
            if not any(form.method == "POST" for form in forms):
                return
            for form in forms:
                self.visitor.ask(self._filled(form, urljoin(path, form.action or path), right=False))

    def _doors(self) -> Iterator[_Stop]:
        """Every page of the map, for the role and, more seldom, not for it."""
        rules = [rule for rule in self.visitor.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
        self.rng.shuffle(rules)
        yield _Stop("/")
        for rule in rules:
            foreign = self.rng.random() < 0.25
            if self.visitor.may_open(rule.endpoint) or self.rng.random() < 0.15:
                yield _Stop(self._address(rule.endpoint, rule.arguments, foreign=False))
                if foreign and rule.arguments:
                    yield _Stop(self._address(rule.endpoint, rule.arguments, foreign=True), _DEEP)

    def _address(self, endpoint: str, names: set[str], *, foreign: bool, method: str = "GET") -> str:
        needed = names if method != "GET" else names.union(self.visitor.town.addresses.get(endpoint, ()))
        parts = self.visitor.parts(endpoint, sorted(needed), odd=foreign)
        try:
            return self.visitor.app.url_map.bind("").build(endpoint, parts, method=method)
        except BuildError:
            return "/"

    def _open(self, stop: _Stop) -> None:
        request = Request("GET", stop.path, headers=self.rng.choice(_WANTS))
        if stop.form is not None:
            fresh = self._as_it_stands(stop) if stop.right else None
            request = self._filled(fresh or stop.form, stop.path, right=stop.right)
        self._look_at(self.visitor.ask(request), stop.path, stop.depth, is_page=stop.form is None)

    def _as_it_stands(self, stop: _Stop) -> Form | None:
        """The form as its page shows it by now, when other forms were sent; None where it is not on it any more."""
        answer = self.visitor.ask(Request("GET", stop.seen_on)) if stop.seen_on else None
        if answer is None or answer.mimetype != "text/html" or stop.form is None:
            return None
        forms = page_of(answer.get_data(as_text=True)).forms
        alike = (form for form in forms if urljoin(stop.seen_on, form.action or stop.seen_on) == stop.path)
        return next((form for form in alike if form.fields.keys() == stop.form.fields.keys()), None)

    def _look_at(self, answer: TestResponse | None, path: str, depth: int, *, is_page: bool = False) -> None:
        """Note where it leads, and its forms."""
        if answer is None:
            return
        if answer.status_code in (301, 302, 303, 308) and answer.location:
            self._note(urljoin(path, answer.location), depth)
        if answer.mimetype != "text/html" or depth > _DEEP:
            return
        route = self.visitor.endpoint_of(Request("GET", path))
        self._read[route] += 1
        if self._read[route] > _READ:
            return
        page = page_of(answer.get_data(as_text=True))
        for link in page.links:
            self._note(urljoin(path, link), depth)
        for form in page.forms:
            self._note_form(form, path, depth + 1, path if is_page else "")

    def _note(self, address: str, depth: int) -> None:
        """Put an address into the queue, if there were not enough like it."""
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost") or parts.scheme not in ("", "http"):
            return
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        endpoint = self.visitor.endpoint_of(Request("GET", path))
        self.visitor.met(parts.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        self.harvest.saw_query((endpoint, "GET"), query)
        alike = (endpoint, ",".join(sorted({name for name, _ in query})))
        self._alike[alike] += 1
        if endpoint and self._alike[alike] <= (1 if endpoint == "static" else _ALIKE):
            self._queue.append(_Stop(path, depth))
            if query and self.rng.random() < 0.3:
                spoiled = [(name, self._odd() if self.rng.random() < 0.6 else value) for name, value in query]
                self._queue.append(_Stop(path_of(parts.path, spoiled), _DEEP))

    def _note_form(self, form: Form, path: str, depth: int, seen_on: str) -> None:
        """Put a form into the queue some times: the fewer, the more often one like it is there."""
        target = urljoin(path, form.action or path)
        endpoint = self.visitor.endpoint_of(Request(form.method, urlsplit(target).path))
        self.harvest.saw_form((endpoint, form.method), form)
        kind = (endpoint, form.method, ",".join(sorted(form.fields)))
        for _ in range(max(0, 2 - self._sent[kind]) or (self.rng.random() < 0.2)):
            self._sent[kind] += 1
            # The first is sent as it should be, so that there is something to see behind it.
            stop = _Stop(target, depth, form, right=self._sent[kind] == 1, seen_on=seen_on)
            self._forms.appendleft(stop) if stop.right else self._forms.append(stop)

    def _filled(self, form: Form, target: str, *, right: bool) -> Request:
        path, query = urlsplit(target).path, urlsplit(target).query
        fill = kept if right else usual
        fields = [each for each in form.fields.values() if each.kind != "file"]
        pairs = [(each.name, value) for each in fields for value in fill(each, self.rng)]
        if form.buttons:
            pairs.append(self.rng.choice(form.buttons))
        if not right and self.rng.random() < _SPOILED:
            pairs = self._spoiled(pairs)
        asked = parse_qsl(query, keep_blank_values=True)
        if form.method != "POST":
            return Request("GET", path_of(path, [*asked, *pairs]))
        files = [
            (each.name, *self.rng.choice(FILES[:2] if right else FILES))
            for each in form.fields.values()
            if each.kind == "file"
        ]
        wants, with_token = self.rng.choice(_WANTS), right or self.rng.random() > 0.05
        return Request("POST", path_of(path, asked), pairs, files, headers=wants, with_token=with_token)

    def _spoiled(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """One or two fields are odd, or gone, or there twice."""
        spoiled = list(pairs)
        for _ in range(self.rng.randrange(1, 3)):
            if not spoiled:
                break
            at = self.rng.randrange(len(spoiled))
            how = self.rng.random()
            if how < 0.75:
                spoiled[at] = (spoiled[at][0], self._odd())
            elif how < 0.88:
                del spoiled[at]
            else:
                spoiled.append((spoiled[at][0], self._odd()))
        return spoiled

    def _odd(self) -> str:
        return odd(self.rng, self.visitor.foreign)

    def _past_forms(self) -> Iterator[Request]:
        """What no page has a form for now: each change there is, with the fields known of it, right and foreign."""
        rules = list(self.visitor.app.url_map.iter_rules())
        self.rng.shuffle(rules)
        for rule in rules:
            methods = (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
            if ACCESS[rule.endpoint] == "feed-token":
                yield from self._of_calendars(rule.endpoint, rule.arguments)
            elif methods and (self.visitor.may_open(rule.endpoint) or self.rng.random() < 0.15):
                foreign = self.rng.random() < 0.3
                path = self._address(rule.endpoint, rule.arguments, foreign=foreign, method="POST")
                known = self.harvest.fields.get((rule.endpoint, "POST"), {})
                pairs = [
                    (name, self.rng.choice(field.values) if field.values else written(name, field.kind, self.rng))
                    for name, field in known.items()
                ]
                yield Request("POST", path, self._spoiled(pairs) if self.rng.random() < 0.4 else pairs)

    def _of_calendars(self, endpoint: str, names: set[str]) -> Iterator[Request]:
        """As calendar programs ask, and as none does."""
        for method in _CALENDAR_METHODS if endpoint == "dav.resource" else ("GET", "HEAD"):
            path = self._address(endpoint, names, foreign=self.rng.random() < 0.2, method=method)
            if self.rng.random() < 0.6:
                # The calendar itself, of which the example is one appointment.
                path = path.rpartition("/calendar/")[0] + "/calendar/" if "/calendar/" in path else path
            headers = {
                "Depth": self.rng.choice(("0", "1", "infinity", "-1", "x" * 200)),
                "If-None-Match": self.rng.choice(("*", '"x"', "W/", "\t")),
                "If-Modified-Since": self.rng.choice(("Mon, 02 Mar 2026 08:00:00 GMT", "never", "-1")),
                "Accept-Encoding": self.rng.choice(("gzip", "", "br;q=1, gzip;q=0")),
            }
            body = self.rng.choice(_XML).encode("utf-8", "surrogateescape"), "application/xml"
            yield Request(method, path, body=body if method in ("PROPFIND", "REPORT", "PUT") else None, headers=headers)


_XML: Final = (
    "",
    "<",
    "no xml",
    '<propfind xmlns="DAV:"><allprop/></propfind>',
    '<propfind xmlns="DAV:"><prop><getetag/><sync-token/><x xmlns="y"/></prop></propfind>',
    '<sync-collection xmlns="DAV:"><sync-token/><prop><getetag/></prop></sync-collection>',
    '<sync-collection xmlns="DAV:"><sync-token>x</sync-token><sync-level>z</sync-level></sync-collection>',
    '<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><c:filter><c:comp-filter name="VCALENDAR">'
    '<c:comp-filter name="VEVENT"><c:time-range start="20260301T000000Z" end="99991231T235959Z"/></c:comp-filter>'
    "</c:comp-filter></c:filter></c:calendar-query>",
    '<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><c:filter><c:comp-filter>'
    '<c:time-range start="x" end=""/></c:comp-filter></c:filter></c:calendar-query>',
    '<c:calendar-multiget xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><href>/dav/x/%ff</href>'
    "<href>http://[</href><href/></c:calendar-multiget>",
    '<!DOCTYPE x [<!ENTITY a "b">]><propfind xmlns="DAV:">&a;</propfind>',
    "<a>" * 3000,
    "\udcff\udcfe",
)
