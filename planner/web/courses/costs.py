"""What a change of a course costs the patient, in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from babel.numbers import format_currency, get_currency_precision

from planner.services.frequency import PatientCost
from planner.web.formats import minutes_words
from planner.web.reader import language
from planner.words import Text, say, say_many

_DAYS_A_WEEK: Final = 7


def cost_words(cost: PatientCost) -> tuple[Text, ...]:
    """Such as: 2 more visits; 1 h more of treatment; 3 weeks longer; £120.00 more."""
    words = [_visits(cost.visits)]
    if cost.minutes:
        spent = {"time": minutes_words(abs(cost.minutes))}
        words.append(
            say("%(time)s more of treatment", **spent)
            if cost.minutes > 0
            else say("%(time)s less of treatment", **spent)
        )
    if cost.days is not None:
        words.append(_length(cost.days))
    if cost.fee:
        sum_of = {"sum": money(abs(cost.fee), cost.currency)}
        words.append(say("%(sum)s more to pay", **sum_of) if cost.fee > 0 else say("%(sum)s less to pay", **sum_of))
    return tuple(words)


def money(amount: int, currency: str) -> str:
    """An amount of the currency's smallest unit, as the reader's language writes it: £120.00."""
    precision = get_currency_precision(currency)
    return format_currency(Decimal(amount).scaleb(-precision), currency, locale=language())


def _visits(visits: int) -> Text:
    if visits > 0:
        return say_many("%(num)s more visit", "%(num)s more visits", visits)
    return say_many("%(num)s visit fewer", "%(num)s visits fewer", -visits) if visits else say("as many visits")


def _length(days: int) -> Text:
    weeks, rest = divmod(abs(days), _DAYS_A_WEEK)
    if not days:
        return say("as long as before")
    if rest and days > 0:
        return say_many("%(num)s day longer", "%(num)s days longer", days)
    if rest:
        return say_many("%(num)s day shorter", "%(num)s days shorter", -days)
    if days > 0:
        return say_many("%(num)s week longer", "%(num)s weeks longer", weeks)
    return say_many("%(num)s week shorter", "%(num)s weeks shorter", weeks)
