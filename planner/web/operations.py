"""What programs ask that look after the server: does it live, can it serve, what did it measure."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from planner.config import Config
from planner.services.readiness import Readiness
from planner.services.running import exposition
from planner.web.context import READINESS, runtime

operations = Blueprint("operations", __name__)

PATHS: Final = ("/healthz", "/readyz", "/metrics")
_DOOR: Final = "planner.metrics_door"


@dataclass(frozen=True)
class _MetricsDoor:
    """Who may read what was measured: by default nobody, as behind a proxy of this machine all look like neighbours."""

    token: str | None = field(repr=False)
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def opens(self, address: str | None, authorization: str) -> bool:
        if self.token is not None and hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return True
        try:
            asking = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(asking in network for network in self.networks)


class _AnyName:
    """Lets these three be asked by whatever name a probe knows the server: no answer of theirs has a link in it."""

    def __init__(self, inside: Callable[..., Iterable[bytes]]) -> None:
        self._inside = inside

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = "localhost"
        return self._inside(environ, start_response)


def install(app: Flask, config: Config) -> None:
    """Set the three up by the settings; called first, so that nothing which a proxy says of names comes after it."""
    app.extensions[READINESS] = Readiness(config.instance)
    app.extensions[_DOOR] = _MetricsDoor(config.metrics_token, config.metrics_networks)
    app.wsgi_app = _AnyName(app.wsgi_app)  # type: ignore[method-assign]


@operations.get("/healthz", endpoint="alive")
def healthz() -> Response:
    """The process answers. It looks at nothing else: a restart would not mend a database."""
    return Response("alive\n", mimetype="text/plain")


@operations.get("/readyz", endpoint="ready")
def readyz() -> tuple[Response, int]:
    """200 when requests can be sent here, 503 with what is wrong when not."""
    readiness = cast(Readiness, current_app.extensions[READINESS])
    wrong = readiness.problems(runtime())
    return jsonify(ready=not wrong, wrong=wrong), 503 if wrong else 200


@operations.get("/metrics", endpoint="figures")
def metrics() -> Response:
    """Everything that is measured, for Prometheus; a stranger finds nothing here."""
    door = cast(_MetricsDoor, current_app.extensions[_DOOR])
    if not door.opens(request.remote_addr, request.headers.get("Authorization", "")):
        abort(404)
    instance = cast(Readiness, current_app.extensions[READINESS]).instance
    return Response(exposition(runtime(), instance), content_type=CONTENT_TYPE_LATEST)
