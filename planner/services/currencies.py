"""Fees: whole numbers of a currency's smallest unit, read and written as people do."""

from __future__ import annotations

import re
from typing import Final

from babel.numbers import format_currency, get_currency_precision, list_currencies

from planner.errors import InvalidInput
from planner.languages import spoken
from planner.words import say

FEE_MAX: Final = 1_000_000_00
_AMOUNT: Final = re.compile(r"(?P<whole>\d{1,9})(?:[.,](?P<part>\d{1,3}))?")


def checked_currency(code: str) -> str:
    """The ISO 4217 code of a currency that is in use, or "".

    Raises:
        InvalidInput: there is no such currency.
    """
    if code and code not in list_currencies():
        raise InvalidInput(say("Write the currency's three letters, such as GBP or EUR."), field="currency")
    return code


def read_fee(text: str, currency: str) -> int | None:
    """An amount as somebody typed it, in the smallest unit; None where nothing is typed.

    Args:
        text: such as 55, 55.5 or 55,50.
        currency: ISO 4217, whose smallest unit counts: 55.50 GBP are 5550 pence.
    Raises:
        InvalidInput: it can't be read, is too large, or no currency is chosen.
    """
    spelled = text.strip()
    if not spelled:
        return None
    if not currency:
        raise InvalidInput(say("Choose the clinic's currency first."), field="fee")
    places = get_currency_precision(currency)
    found = _AMOUNT.fullmatch(spelled)
    part = (found["part"] or "") if found else ""
    if found is None or len(part) > places:
        raise InvalidInput(say("Write an amount such as %(amount)s.", amount=written(5500, currency)), field="fee")
    fee: int = int(found["whole"]) * 10**places + int(part.ljust(places, "0") or "0")
    if fee > FEE_MAX:
        raise InvalidInput(say("That is too much for one visit."), field="fee")
    return fee


def written(fee: int, currency: str) -> str:
    """`55.50`, as a form shows it."""
    places = get_currency_precision(currency)
    whole, part = divmod(fee, 10**places)
    return f"{whole}.{part:0{places}}" if places else str(whole)


def fee_words(fee: int, currency: str, language: str) -> str:
    """`£55.50`, `55,50 €`: as the language writes it."""
    amount = fee / 10 ** get_currency_precision(currency)
    return format_currency(amount, currency, locale="en_GB" if spoken(language) == "en" else spoken(language))
