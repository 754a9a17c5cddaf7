"""What fields the forms and links of each route carry, as the crawler found them: what the description is made of."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from tests.strangers.forms import Field, Form
from tests.strangers.tally import Route

_MOST_VALUES: Final = 12


@dataclass
class Known:
    """One field, from all forms that have it.

    Args:
        values: that were shown or could be chosen, the first dozen.
    """

    kind: str
    values: list[str] = field(default_factory=list)

    def saw(self, *values: str) -> None:
        """Remember some."""
        fresh = (value for value in values if value not in self.values)
        self.values += [value for value, _ in zip(fresh, range(_MOST_VALUES - len(self.values)), strict=False)]


@dataclass
class Harvest:
    """By endpoint and method, the fields by name."""

    fields: dict[Route, dict[str, Known]] = field(default_factory=lambda: defaultdict(dict))

    def saw_form(self, route: Route, form: Form) -> None:
        """Its fields and buttons."""
        for each in form.fields.values():
            if each.name != "csrf_token":
                self._saw(route, each)
        for name, value in form.buttons:
            self._saw(route, Field(name, "button", value))

    def saw_query(self, route: Route, query: list[tuple[str, str]]) -> None:
        """What stands in a link after the question mark."""
        for name, value in query:
            self._saw(route, Field(name, "query", value))

    def _saw(self, route: Route, one: Field) -> None:
        known = self.fields[route].setdefault(one.name, Known(one.kind))
        known.saw(*one.options, *((one.value,) if one.value else ()))
