"""What is written into fields: what a person would write, and what nobody should."""

import random
from datetime import timedelta
from typing import Final

from tests.factories import NOW, PASSWORD
from tests.strangers.forms import Field

_WORDS: Final = ("Left side", "after work", "Ana Silva", "Zoë Ångström", "山田 花子", "O'Neil & Sons")
_NEW_PASSWORD: Final = "five quite unrelated words"
_PICTURE: Final = "\U0001f469\u200d\U0001f467"

ODD: Final = (
    *("", " ", "\t", "0", "-1", "-0", "+5", " 7 ", "1.5", "1,5", "1e309", "1_000", "0x10", "nan", "-inf", "٣", "１２"),
    *(str(2**31), str(2**63 - 1), str(2**63), "9" * 40, "9" * 5000, "-" + "9" * 30),
    *("0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-W10", "2026-3-2", "99999999", "yesterday"),
    *("2026-03-29T01:30", "2026-10-25T01:30", "9999-12-31T23:59", "0001-01-01T00:00", "2026-03-04T10:00+99:00"),
    *("2026-03-04T10:00Z", "2026-03-04T10:00+14:00", "00:00", "24:00", "23:59", "25:61", "0001-01-01T00:00+14:00"),
    *("x" * 201, "x" * 5000, "ä" * 70_000, _PICTURE * 500, "\u0301" * 300),
    *("\x00", "a\x00b", "\udcff\udcfe", "\ufffe", "\u2028", "\u202e\u2066", "\r\nSet-Cookie: a=b", "a\nb", "\x1b[31m"),
    *("<script>alert(1)</script>", "{{ 7*7 }}", "%s%n%(x)s", "{0.__class__}", "' OR 1=1 --", "=cmd|' /C calc'!A0"),
    *("../../etc/passwd", "%2e%2e%2f", "//evil.example", "\\\\evil.example", "javascript:alert(1)", "data:text/html,x"),
    *("null", "[]", "{}", '{"a":', "[[[[[]]]]]", "true", "on", "None", "1 2", "1-2", ",", ";", ":", "/", "|"),
    *("a@b", "@", "a@b@c", "é@é.example", "a" * 300 + "@example.org", '"a b"@example.org', "a@[127.0.0.1]"),
    *("http://", "http://[", "http://[::1]:99999/", "webcal://x", "https://u:p@x.example/", "https://" + "a" * 3000),
    *("Europe/London", "Mars/Base", "../UTC", "GB", "xx", "de", "EUR"),
)  # fmt: skip

_CALENDAR: Final = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260301T090000Z\r\n"
    b"DTSTART:20260311T090000Z\r\nDTEND:20260311T100000Z\r\nSUMMARY:Cem Kaya - session\r\nEND:VEVENT\r\n"
    b"END:VCALENDAR\r\n"
)
_TABLE: Final = b"Patient,Start,End,Practitioner\nCem Kaya,2026-03-12 09:00,2026-03-12 09:45,Ben Okafor\n"
FILES: Final = (
    ("a.ics", _CALENDAR), ("a.csv", _TABLE), ("empty.csv", b""), ("a.ics", b"\xff\xfe\x00BEGIN"),
    ("a.csv", b"\x00,\x01\n" * 50), ("../../x.ics", _CALENDAR[:60]), ("a.csv", b'"' + b"x" * 5000),
    ("a.ics", _CALENDAR.replace(b"20260311T090000Z", b"99999999")),
    ("a.csv", _TABLE.replace(b"2026-03-12", b"9999-99-99")), ("", b"PK\x03\x04" + bytes(200)),
)  # fmt: skip


def kept(field: Field, rng: random.Random) -> list[str]:
    """What a person sends who changes nothing that is there, and fills in what must be."""
    if field.options:
        needless = field.kind == "checkbox" and field.name != "sure"
        return list(field.chosen) or ([] if needless else [rng.choice(field.options)])
    if field.value or field.kind == "hidden" or not (field.required or rng.random() < 0.1):
        return [field.value]
    return [written(field.name, field.kind, rng)]


def usual(field: Field, rng: random.Random) -> list[str]:
    """What a person might leave or write in a field; several for boxes."""
    if field.kind == "checkbox":
        return list(field.chosen) if rng.random() < 0.5 else [each for each in field.options if rng.random() < 0.5]
    if field.options:
        return list(field.chosen[:1]) if field.chosen and rng.random() < 0.5 else [rng.choice(field.options)]
    if field.kind == "hidden" or (field.value and rng.random() < 0.7):
        return [field.value]
    return [written(field.name, field.kind, rng)]


def written(name: str, kind: str, rng: random.Random) -> str:
    """What a person might write there, told by the field's type and name."""
    day = NOW + timedelta(days=rng.randrange(-10, 120))
    if kind == "password":
        return _NEW_PASSWORD if name in ("new_password", "repeated", "my_password", "my_repeated") else PASSWORD
    by_kind = {
        "date": day.date().isoformat(),
        "datetime-local": day.strftime("%Y-%m-%dT%H:00"),
        "time": f"{rng.randrange(7, 20):02}:{rng.choice(('00', '15', '30'))}",
        "number": str(rng.choice((0, 1, 2, 3, 5, 10, 30, 45, 60))),
        "url": "https://calendar.example/secret.ics",
        "tel": "0131 496 0001",
        "search": rng.choice(("ana", "be", "9", "")),
    }
    if kind == "email":
        return rng.choice(("rosa@example.org", "ben@example.org", *[f"new{rng.randrange(10**6)}@example.org"] * 3))
    if "born" in name:
        return f"19{rng.randrange(40, 99)}-05-{rng.randrange(1, 29):02}"
    if kind in by_kind:
        return by_kind[kind]
    if name == "code":
        return str(rng.randrange(10**6))
    if name == "address":
        return rng.choice(("https://calendar.example/secret.ics", "1 High Street"))
    return rng.choice(_WORDS)


def odd(rng: random.Random, numbers: tuple[str, ...]) -> str:
    """What nobody should write; `numbers` are rows of the other clinic."""
    if numbers and rng.random() < 0.25:
        return rng.choice(numbers)
    if rng.random() < 0.1:
        return "".join(
            chr(rng.choice((rng.randrange(1, 128), rng.randrange(128, 0xD800)))) for _ in range(rng.randrange(40))
        )
    return rng.choice(ODD)
