"""Fetching from an address that somebody typed: faults 17 of the list, on a server of this test's own."""

import http.server
import threading
import time
from ipaddress import ip_address

import pytest

from planner.errors import InvalidInput
from planner.services.fetching import USER_AGENT, Fetcher, FetchFailed, checked_address, is_public

ICS = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that answers by its path."""

    protocol_version = "HTTP/1.1"
    asked: list = []  # noqa: RUF012

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """Answer."""
        Elsewhere.asked.append((self.path, dict(self.headers)))
        getattr(self, f"on_{self.path.strip('/').partition('?')[0]}")()

    def answer(self, status, body=b"", **headers):
        """One whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def on_good(self):
        """A calendar with a tag."""
        if self.headers.get("If-None-Match") == '"1"':
            self.answer(304)
        else:
            self.answer(200, ICS, ETag='"1"')

    def on_loop(self):
        """For ever in a circle."""
        self.answer(302, Location="/loop")

    def on_moved(self):
        """Somewhere else on this server."""
        self.answer(301, Location="/good")

    def on_inside(self):
        """Into the network that we are in."""
        self.answer(302, Location="http://10.0.0.1/secret")

    def on_file(self):
        """To something that is not the web."""
        self.answer(302, Location="file:///etc/passwd")

    def on_gone(self):
        """Not there."""
        self.answer(404, b"no")

    def on_packed(self):
        """A bomb in gzip."""
        self.answer(200, b"x", Content_Encoding="gzip")

    def on_slow(self):
        """One byte now and then."""
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)
        self.close_connection = True

    def on_slowhead(self):
        """The first line, then one letter of a header now and then."""
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"X" * 100)

    def on_slowchunk(self):
        """The size of a part, one digit now and then."""
        self.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + b"0" * 100)

    def drip(self, words):
        """The last hundred bytes, each in time."""
        self.wfile.write(words[:-100])
        for number in range(-100, 0):
            try:
                self.wfile.write(words[number : number + 1])
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)
        self.close_connection = True

    def on_large(self):
        """More than anybody wants, without saying how much."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(400):
                self.wfile.write(b"x" * 65536)
        except OSError:
            return


@pytest.fixture
def address():
    """Where that server listens."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    Elsewhere.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def ours(address):
    """Whether this is the address of the tests' own server."""
    return address == ip_address("127.0.0.1")


OPEN = Fetcher(allowed=ours, seconds=60)


def test_point_21_a_calendar_is_fetched_once_and_then_asked_for_by_its_tag(address):
    """A 304 needs no bytes; we call ourselves a browser, because some servers ask for one."""
    first = OPEN.fetch(f"{address}/good")
    assert (first.data, first.etag) == (ICS, '"1"')
    again = OPEN.fetch(f"{address}/good", first.etag)
    assert (again.data, again.etag) == (None, '"1"')
    assert Elsewhere.asked[0][1]["User-Agent"] == USER_AGENT
    assert USER_AGENT.startswith("Mozilla/5.0")


def test_a_redirect_is_followed(address):
    """Calendars move."""
    assert OPEN.fetch(f"{address}/moved").data == ICS


@pytest.mark.faults
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("loop", "on and on"),
        ("inside", "private network"),
        ("file", "no web address"),
        ("gone", "404"),
        ("packed", "packs its answer"),
        ("large", "larger than 4 MB"),
    ],
)
def test_point_21_fault_17_what_a_server_does_to_us_is_refused_with_words(address, path, why):
    """In bounded time and memory."""
    with pytest.raises(FetchFailed, match=why):
        OPEN.fetch(f"{address}/{path}")


@pytest.mark.faults
@pytest.mark.parametrize("where", ["slow", "slowhead", "slowchunk"])
def test_point_21_fault_17_a_server_that_drips_is_left_after_a_while(address, where):
    """Each byte comes in time, all of them would take too long."""
    with pytest.raises(FetchFailed, match=r"too slow|in time"):
        Fetcher(allowed=ours, seconds=0.5).fetch(f"{address}/{where}")


@pytest.mark.faults
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 - asked for, not listened on
        "169.254.169.254",
        "192.168.1.1",
        "2130706433",
    ],
)
def test_point_21_fault_17_our_own_network_is_not_asked(host):
    """Judged by the address that the name resolves to, before anything is sent."""
    with pytest.raises(FetchFailed, match="private network"):
        Fetcher(seconds=60).fetch(f"http://{host}/x.ics")


@pytest.mark.faults
def test_point_21_fault_17_a_name_that_changes_its_address_meanwhile_gains_nothing(address):
    """The connection goes to the address that was judged; the name is asked for once."""
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        inside = len(asked) > 1
        return [(2, 1, 6, "", ("10.0.0.1" if inside else "127.0.0.1", port))]

    port = address.rpartition(":")[2]
    assert Fetcher(allowed=ours, seconds=60, resolve=resolve).fetch(f"http://rebinding.example:{port}/good").data == ICS
    assert asked == ["rebinding.example"]


@pytest.mark.faults
def test_point_21_fault_17_a_name_with_one_bad_address_is_refused():
    """Whichever would have been taken."""
    found = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    with pytest.raises(FetchFailed, match="private network"):
        Fetcher(seconds=60, resolve=lambda *_, **__: found).fetch("http://both.example/x.ics")


@pytest.mark.faults
@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("fe80::1", False), ("fc00::1", False),
        ("100.64.0.1", False), ("224.0.0.1", False), ("::", False),
        ("::7f00:1", False), ("::ffff:0:7f00:1", False), ("64:ff9b:1::7f00:1", False), ("fec0::1", False),
        ("5f00::1", False),
    ],
)  # fmt: skip
def test_point_21_fault_17_addresses_are_told_apart(text, public):
    """Also when an inner address hides in an outer one."""
    assert is_public(ip_address(text)) is public


@pytest.mark.parametrize(
    "text",
    ["", "ftp://x.example/a", "https://", "/etc/passwd", "https://a b.example/", "https://ana:pw@x.example/c.ics",
     "https://x.example:99999/", "javascript:alert(1)", "https://x.example/\r\nHost: y"],
)  # fmt: skip
def test_what_is_no_calendar_address_is_refused(text):
    """With the field named."""
    with pytest.raises(InvalidInput) as refusal:
        checked_address(text)
    assert refusal.value.field == "address"


def test_webcal_addresses_are_fetched_encrypted():
    """It is how programs write them."""
    assert checked_address(" webcal://x.example/a.ics ") == "https://x.example/a.ics"
