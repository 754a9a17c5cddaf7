"""What every answer carries: safe headers, the cookie's settings, the CSRF check."""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from planner.config import Config
from planner.web import watching
from planner.words import say

REQUEST_BYTES_MAX: Final = 1024 * 1024
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Personal links stand in addresses: nobody is told from which one a request came, not even our own proxy's log.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "browsing-topics=(), camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
_READS: Final = ("GET", "HEAD", "OPTIONS")


def install(app: Flask, config: Config) -> None:
    """Set the app up by the settings; called before the access table, so that a forged form is refused first."""
    encrypted = config.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        # A form that was open while the key changed; the newest key stands last and signs.
        WTF_CSRF_SECRET_KEY=[*reversed(config.secret_key_fallbacks), config.secret_key],
        MAX_CONTENT_LENGTH=REQUEST_BYTES_MAX,
        # A browser accepts a __Host- cookie only from this very host, and only encrypted.
        SESSION_COOKIE_NAME="__Host-planner" if encrypted else "planner",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=encrypted,
        # The token lives as long as its session, so that a form left open over lunch can still be sent.
        WTF_CSRF_TIME_LIMIT=None,
        # It would ask for a referrer, which browsers are told not to send; `_refuse_foreign_forms` looks further.
        WTF_CSRF_SSL_STRICT=False,
        OWN_HOST=urlsplit(config.base_url).netloc,
    )
    if config.public_url is not None:
        app.config["TRUSTED_HOSTS"] = [urlsplit(config.public_url).hostname, "127.0.0.1", "localhost"]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    watching.install(app, behind_proxy=config.trusted_proxies > 0)
    app.before_request(_refuse_foreign_forms)
    CSRFProtect(app)
    app.after_request(_safe_headers)


def _refuse_foreign_forms() -> None:
    """Refuse a form that a browser says comes from another site; what it does not say, the form's token must."""
    if request.method in _READS:
        return
    own = (request.host, current_app.config["OWN_HOST"])
    named = (request.headers.get(name, "") for name in ("Origin", "Referer"))
    # A browser that is told to keep its origin for itself says null.
    foreign = any(name not in ("", "null") and urlsplit(name).netloc not in own for name in named)
    if foreign or request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        abort(400, say("This form came from another site, so it was not sent."))


def _safe_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault(*HSTS)
    # Pages show people's health; a view which may be kept says so itself, as feeds and static files do.
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
