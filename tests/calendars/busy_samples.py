"""Calendars of other people's making, honest ones and bombs."""

BOMBS: dict[str, bytes] = {
    "every second since 1900": b"DTSTART:19000101T000000Z\r\nRRULE:FREQ=SECONDLY\r\n",
    "every second, folded": b"DTSTART:19700101T000000Z\r\nRRULE:FR\r\n EQ=SECO\r\n NDLY\r\n",
    "every minute": b"DTSTART:20260101T000000Z\r\nRRULE:FREQ=MINUTELY\r\n",
    "no step": b"DTSTART:20260101T000000Z\r\nRRULE:FREQ=DAILY;INTERVAL=0\r\n",
    "no step at the end": b"DTSTART:20260101T000000Z\r\nRRULE:INTERVAL=00;FREQ=DAILY\r\n",
    "never comes": b"DTSTART:19000101T000000Z\r\nRRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30\r\n",
    "every second of every hour": (
        b"DTSTART:19000101T000000Z\r\nRRULE:FREQ=HOURLY;BYSECOND="
        + b",".join(b"%d" % second for second in range(60))
        + b";BYMINUTE="
        + b",".join(b"%d" % minute for minute in range(60))
        + b"\r\n"
    ),
}


def calendar(*events: bytes, extra: bytes = b"") -> bytes:
    """A calendar of events given by their lines."""
    bodies = (
        b"BEGIN:VEVENT\r\nUID:%d@elsewhere\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Dentist\r\n%bEND:VEVENT\r\n"
        % (number, lines)
        for number, lines in enumerate(events)
    )
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//else//EN\r\n"
    return head + extra + b"".join(bodies) + b"END:VCALENDAR\r\n"
