"""The language of who reads: chosen once per request, used by every template, by news and by refusals."""

from typing import Any, Final, cast

from flask import Flask, Response, g, request
from flask.json.tag import JSONTag, TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from planner.languages import LANGUAGES, spoken, texts
from planner.services.runtime import Actor
from planner.words import Text, in_language, text_from

COOKIE: Final = "planner-language"
"""The language that a visitor without an account chose; an account and a patient have their own."""

_COOKIE_SECONDS: Final = 365 * 24 * 60 * 60


def language() -> str:
    """The language of this request's reader, one of LANGUAGES."""
    if "language" not in g:
        g.language = _chosen(cast(Actor | None, g.get("actor")))
    return cast(str, g.language)


def html_language() -> str:
    """For `<html lang>`: ours is British English."""
    return "en-GB" if language() == "en" else language()


def shown(value: Any) -> Any:
    """A Text in the reader's language, everything else as it is. Every `{{ … }}` passes through it."""
    return value.put(language()) if isinstance(value, Text) else value


def install(app: Flask) -> None:
    """Let templates, the news between two pages and the visitor's choice know languages."""
    _install_texts(app.jinja_env)
    app.jinja_env.finalize = shown
    interface = cast(SecureCookieSessionInterface, app.session_interface)
    # One of our own: Flask's is shared by every application of the process.
    interface.serializer = TaggedJSONSerializer()
    interface.serializer.register(_TextTag, index=0)
    app.after_request(_keep_choice)


def _chosen(actor: Actor | None) -> str:
    if actor is not None and not actor.is_system:
        return spoken(actor.language)
    for asked in (request.args.get("lang", ""), request.cookies.get(COOKIE, "")):
        if asked in LANGUAGES:
            return asked
    # Browsers send dialects: "de-AT,de;q=0.9".
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((tag for tag in wanted if tag in LANGUAGES), next(iter(LANGUAGES)))


def _keep_choice(response: Response) -> Response:
    asked = request.args.get("lang", "")
    if g.get("actor") is None and asked in LANGUAGES:
        response.set_cookie(
            COOKIE, asked, max_age=_COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response


def _install_texts(environment: Environment) -> None:
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    # Never install_gettext_translations: that is one language for the whole process. These two look at each call.
    environment.globals.update(gettext=_gettext, ngettext=_ngettext)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]


@pass_eval_context
def _gettext(context: EvalContext, msgid: str, /, **values: Any) -> str:
    return _filled(context, texts(language()).gettext(msgid), values)


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, number: int, /, **values: Any) -> str:
    values.setdefault("num", number)
    return _filled(context, texts(language()).ngettext(one, many, number), values)


def _filled(context: EvalContext, words: str, values: dict[str, Any]) -> str:
    put = {name: in_language(value, language()) if isinstance(value, str) else value for name, value in values.items()}
    # Our own words may hold markup; what fills their blanks is escaped by Markup.
    return (Markup(words) if context.autoescape else words) % put  # noqa: S704


class _TextTag(JSONTag):
    """Keeps a Text in the session's cookie, so that the next page says it in its reader's language."""

    __slots__ = ()
    key = " text"

    def check(self, value: Any) -> bool:
        return isinstance(value, Text)

    def to_json(self, value: Any) -> Any:
        return value.as_json()

    def to_python(self, value: Any) -> Any:
        return text_from(value)
