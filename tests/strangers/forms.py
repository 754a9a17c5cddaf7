"""The links and forms of a page, as a browser would find them."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Final

_LINKS: Final = ("href", "hx-get", "src")
_UNSENT: Final = ("submit", "button", "image", "reset")


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Args:
        kind: the type of an input, or "select" or "textarea".
        value: what it shows; "" where it is empty.
        options: what may be chosen, of a select or of radio buttons and boxes of the same name.
        chosen: of those, what is.
        required: whether it must be filled in.
    """

    name: str
    kind: str
    value: str = ""
    options: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    required: bool = False


@dataclass
class Form:
    """A form as it is shown."""

    method: str
    action: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """What leads on from a page."""

    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)


def page_of(html: str) -> Page:
    """The links and forms in it, also in a part of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    """Reads tag by tag."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._form: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link, or a part of a form."""
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self._named(has.get("id", ""))
            self._form.method, self._form.action = has.get("method", "get").upper(), has.get("action", "")
            self.page.forms.append(self._form)
        elif tag != "script":
            self.page.links += [has[name] for name in _LINKS if has.get(name)]
        if "hx-post" in has and tag != "form":
            self.page.forms.append(Form("POST", has["hx-post"]))
        form = self._named(has["form"]) if "form" in has else self._form
        if form is not None and tag != "form":
            self._part(form, tag, has)

    def _named(self, name: str) -> Form:
        """The form of this id, of which a part may stand before it."""
        return self._by_id.setdefault(name, Form("GET", "")) if name else Form("GET", "")

    def _part(self, form: Form, tag: str, has: dict[str, str]) -> None:
        name = has.get("name", "")
        if tag == "option" and self._select in form.fields:
            self._add(form, self._select or "", "select", has.get("value", ""), chosen="selected" in has)
        elif tag == "button" and name:
            form.buttons.append((name, has.get("value", "")))
        elif not name or "disabled" in has:
            return
        elif tag == "select":
            self._select = name
            form.fields[name] = Field(name, "select")
        elif tag == "textarea":
            self._textarea = name
            form.fields[name] = Field(name, "textarea", required="required" in has)
        elif tag == "input":
            self._input(form, name, has)

    def _input(self, form: Form, name: str, has: dict[str, str]) -> None:
        kind = has.get("type", "text")
        if kind in ("radio", "checkbox"):
            self._add(form, name, kind, has.get("value", "on"), chosen="checked" in has)
        elif kind not in _UNSENT:
            form.fields[name] = Field(name, kind, has.get("value", ""), required="required" in has)

    def _add(self, form: Form, name: str, kind: str, option: str, *, chosen: bool) -> None:
        known = form.fields.get(name, Field(name, kind))
        more = (*known.chosen, option) if chosen else known.chosen
        form.fields[name] = Field(name, kind, known.value, (*known.options, option), more)

    def handle_endtag(self, tag: str) -> None:
        """A form, a list or a text ends."""
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        """What stands in a textarea is its value."""
        if self._form is not None and self._textarea is not None and self._textarea in self._form.fields:
            known = self._form.fields[self._textarea]
            self._form.fields[self._textarea] = replace(known, value=(known.value + data).lstrip("\n"))
