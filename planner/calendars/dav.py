"""CalDAV, read only: what a calendar program may ask of a collection of appointments, and the answers as XML.

Sources: RFC 4791 (PROPFIND, calendar-query, calendar-multiget), RFC 6578 (sync-collection), the CTag extension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import download_bytes, etag
from planner.errors import InvalidInput

DAV: Final = "{DAV:}"
CAL: Final = "{urn:ietf:params:xml:ns:caldav}"
CS: Final = "{http://calendarserver.org/ns/}"
MOST_BYTES: Final = 256 * 1024
_SYNC: Final = "data:,"
_TYPE: Final = "text/calendar; charset=utf-8; component=VEVENT"

for _prefix, _space in (("d", DAV), ("c", CAL), ("cs", CS)):
    ElementTree.register_namespace(_prefix, _space.strip("{}"))

Make = Callable[[ElementTree.Element], None]
Properties = Mapping[str, Make]


class InvalidSyncToken(InvalidInput):
    """The program's copy is of another state; it must read everything anew."""


@dataclass(frozen=True)
class Collection:
    """A calendar as CalDAV shows it: a home that holds one collection of appointments.

    Args:
        home: its path, ending with a slash.
        name: shown for it.
        tag: of its present state, in quotes.
        events: all its appointments.
    """

    home: str
    name: str
    tag: str
    events: Sequence[CalendarEvent]

    @property
    def path(self) -> str:
        """Of the collection itself."""
        return f"{self.home}calendar/"

    @property
    def sync_token(self) -> str:
        """Names the present state."""
        return f"{_SYNC}{self.tag.strip(chr(34))}"

    def href(self, event: CalendarEvent) -> str:
        """Of one appointment."""
        return f"{self.path}{event.uid}.ics"

    def event_at(self, href: str) -> CalendarEvent | None:
        """The appointment with this path."""
        wanted = unquote(href)
        return next((event for event in self.events if self.href(event) == wanted), None)


def propfind(collection: Collection, path: str, depth: str, body: bytes) -> bytes | None:
    """What PROPFIND asks of the home, the collection or an appointment; None where there is no such thing.

    Raises:
        InvalidInput: the body is no such question.
    """
    wanted = _wanted(_parsed(body)) if body.strip() else None
    resources = _resources(collection, path, deep=depth == "1")
    if resources is None:
        return None
    return _multistatus(_response(href, known, wanted) for href, known in resources)


def report(collection: Collection, body: bytes) -> bytes:
    """What REPORT asks of the collection.

    Raises:
        InvalidInput: a report that is not known here, or a broken one.
        InvalidSyncToken: changes since a state that is not kept.
    """
    root = _parsed(body)
    if root.tag == f"{CAL}calendar-multiget":
        return _multiget(collection, root)
    if root.tag == f"{CAL}calendar-query":
        chosen = _matching(collection, root)
        return _multistatus(_event_response(collection, event, _wanted(root)) for event in chosen)
    if root.tag == f"{DAV}sync-collection":
        return _sync(collection, root)
    raise InvalidInput("This report is not known here.", field="report")


def _multiget(collection: Collection, root: ElementTree.Element) -> bytes:
    wanted = _wanted(root)
    hrefs = [element.text or "" for element in root.iter(f"{DAV}href")]
    found = ((href, collection.event_at(href)) for href in hrefs)
    return _multistatus(
        _event_response(collection, event, wanted) if event else _missing(href) for href, event in found
    )


def _sync(collection: Collection, root: ElementTree.Element) -> bytes:
    """All of it for a program that has nothing, nothing for one that has this state."""
    had = (root.findtext(f"{DAV}sync-token") or "").strip()
    if had and had != collection.sync_token:
        raise InvalidSyncToken("This state is not kept; read everything anew.", field="sync-token")
    events = () if had else collection.events
    token = ElementTree.Element(f"{DAV}sync-token")
    token.text = collection.sync_token
    return _multistatus([*(_event_response(collection, event, _wanted(root)) for event in events), token])


def _matching(collection: Collection, root: ElementTree.Element) -> list[CalendarEvent]:
    """The events in the time range; other filters choose nothing out, which RFC 4791 leaves to the program."""
    kinds = [element.get("name", "") for element in root.iter(f"{CAL}comp-filter")]
    if any(kind not in ("VCALENDAR", "VEVENT") for kind in kinds):
        return []
    span = next(root.iter(f"{CAL}time-range"), None)
    first = _instant(span.get("start")) if span is not None else None
    last = _instant(span.get("end")) if span is not None else None
    return [
        event
        for event in collection.events
        if (first is None or event.ends_at > first) and (last is None or event.starts_at < last)
    ]


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput("A time range is written in UTC.", field="time-range") from None


def _parsed(body: bytes) -> ElementTree.Element:
    # Entities are how a small body becomes a large one; no calendar program needs them.
    if len(body) > MOST_BYTES or b"<!" in body:
        raise InvalidInput("This question is too large, or defines things of its own.", field="body")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - no entity can be defined in it
    except ElementTree.ParseError as error:
        raise InvalidInput(f"This is no XML: {error}.", field="body") from error


def _wanted(root: ElementTree.Element) -> list[str] | None:
    """The names of the properties asked for; None: all."""
    prop = root.find(f"{DAV}prop")
    return [element.tag for element in prop] if prop is not None else None


def _resources(collection: Collection, path: str, *, deep: bool) -> list[tuple[str, Properties]] | None:
    home = (collection.home, _home_properties(collection))
    calendar = (collection.path, _calendar_properties(collection))
    events = [(collection.href(event), _event_properties(event)) for event in collection.events]
    if path == collection.home:
        return [home, calendar] if deep else [home]
    if path == collection.path:
        return [calendar, *events] if deep else [calendar]
    return [each for each in events if each[0] == unquote(path)] or None


def _home_properties(collection: Collection) -> Properties:
    return {
        f"{DAV}resourcetype": _children(f"{DAV}collection", f"{DAV}principal"),
        f"{DAV}displayname": _text(collection.name),
        f"{DAV}current-user-principal": _hrefs(collection.home),
        f"{DAV}principal-URL": _hrefs(collection.home),
        f"{CAL}calendar-home-set": _hrefs(collection.home),
        f"{DAV}current-user-privilege-set": _may_read,
    }


def _calendar_properties(collection: Collection) -> Properties:
    return {
        f"{DAV}resourcetype": _children(f"{DAV}collection", f"{CAL}calendar"),
        f"{DAV}displayname": _text(collection.name),
        f"{DAV}getetag": _text(collection.tag),
        f"{CS}getctag": _text(collection.tag),
        f"{DAV}sync-token": _text(collection.sync_token),
        f"{DAV}current-user-principal": _hrefs(collection.home),
        f"{DAV}owner": _hrefs(collection.home),
        f"{DAV}current-user-privilege-set": _may_read,
        f"{DAV}supported-report-set": _reports,
        f"{CAL}supported-calendar-component-set": _components,
        f"{DAV}getcontenttype": _text("text/calendar; charset=utf-8"),
    }


def _event_properties(event: CalendarEvent) -> Properties:
    data = download_bytes([event])
    return {
        f"{DAV}resourcetype": _children(),
        f"{DAV}getetag": _text(etag(data)),
        f"{DAV}getcontenttype": _text(_TYPE),
        f"{DAV}getcontentlength": _text(str(len(data))),
        # XML has no carriage return of its own: it would be read as a line feed.
        f"{CAL}calendar-data": _text(data.decode()),
    }


def _event_response(collection: Collection, event: CalendarEvent, wanted: list[str] | None) -> ElementTree.Element:
    return _response(collection.href(event), _event_properties(event), wanted)


def _response(href: str, known: Properties, wanted: list[str] | None) -> ElementTree.Element:
    """What is known of a resource under 200, what is not under 404."""
    response = ElementTree.Element(f"{DAV}response")
    _text(href)(ElementTree.SubElement(response, f"{DAV}href"))
    names = [name for name in known if name != f"{CAL}calendar-data"] if wanted is None else wanted
    for status, some in (
        ("200 OK", [name for name in names if name in known]),
        ("404 Not Found", [name for name in names if name not in known]),
    ):
        if some or (status == "200 OK" and not names):
            stat = ElementTree.SubElement(response, f"{DAV}propstat")
            prop = ElementTree.SubElement(stat, f"{DAV}prop")
            for name in some:
                element = ElementTree.SubElement(prop, name)
                if name in known:
                    known[name](element)
            _text(f"HTTP/1.1 {status}")(ElementTree.SubElement(stat, f"{DAV}status"))
    return response


def _missing(href: str) -> ElementTree.Element:
    response = ElementTree.Element(f"{DAV}response")
    _text(href)(ElementTree.SubElement(response, f"{DAV}href"))
    _text("HTTP/1.1 404 Not Found")(ElementTree.SubElement(response, f"{DAV}status"))
    return response


def _multistatus(responses: Iterable[ElementTree.Element]) -> bytes:
    root = ElementTree.Element(f"{DAV}multistatus")
    root.extend(responses)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _text(value: str) -> Make:
    def make(element: ElementTree.Element) -> None:
        element.text = value

    return make


def _children(*names: str) -> Make:
    def make(element: ElementTree.Element) -> None:
        for name in names:
            ElementTree.SubElement(element, name)

    return make


def _hrefs(path: str) -> Make:
    def make(element: ElementTree.Element) -> None:
        _text(path)(ElementTree.SubElement(element, f"{DAV}href"))

    return make


def _may_read(element: ElementTree.Element) -> None:
    privilege = ElementTree.SubElement(element, f"{DAV}privilege")
    ElementTree.SubElement(privilege, f"{DAV}read")


def _reports(element: ElementTree.Element) -> None:
    for name in (f"{CAL}calendar-query", f"{CAL}calendar-multiget", f"{DAV}sync-collection"):
        supported = ElementTree.SubElement(element, f"{DAV}supported-report")
        ElementTree.SubElement(ElementTree.SubElement(supported, f"{DAV}report"), name)


def _components(element: ElementTree.Element) -> None:
    ElementTree.SubElement(element, f"{CAL}comp", name="VEVENT")
