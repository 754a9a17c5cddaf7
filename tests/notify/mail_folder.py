"""A mail server with one folder, which speaks as much IMAP as a reader of answers needs."""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Folder:
    """Messages by number, and which of them were read; `broken` makes it hang up at that command.

    Those in `vanishing` are listed, but gone when they are fetched.
    """

    messages: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    broken: str = ""
    vanishing: set[int] = field(default_factory=set)

    def unseen(self) -> list[int]:
        return sorted({*self.messages, *self.vanishing} - self.seen)


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline().decode():
            tag, _, rest = line.strip().partition(" ")
            words = rest.split(" ")
            command = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            folder: Folder = self.server.folder  # type: ignore[attr-defined]
            if folder.broken == command:
                return
            answer = self._carry_out(folder, command, rest)
            self._say(f"{tag} {answer}")
            if command == "LOGOUT":
                return

    def _carry_out(self, folder: Folder, command: str, rest: str) -> str:
        number = int(found[1]) if (found := re.match(r"UID \w+ (\d+)", rest)) else 0
        if command == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif command == "LOGIN" and rest != 'LOGIN "planner" "right"':
            return "NO wrong password"
        elif command == "SELECT":
            if '"INBOX"' not in rest:
                return "NO no such folder"
            self._say(f"* {len(folder.messages)} EXISTS")
        elif command == "UID SEARCH":
            self._say(" ".join(["* SEARCH", *map(str, folder.unseen())]))
        elif command == "UID FETCH" and number in folder.messages:
            most = int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
            text = folder.messages[number][:most]
            self._say(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(text)}}}")
            self.wfile.write(text + b")\r\n")
        elif command == "UID STORE":
            folder.seen.add(number)
        return "OK done"

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, object]:
        try:
            return super().get_request()
        except ssl.SSLError as refusal:
            # The client did not trust us; the server goes on.
            raise OSError(str(refusal)) from refusal


@contextmanager
def mail_folder(folder: Folder, encryption: ssl.SSLContext | None = None) -> Iterator[int]:
    """The server, running; gives its port."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        if encryption is not None:
            server.socket = encryption.wrap_socket(server.socket, server_side=True)
        server.folder = folder  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
