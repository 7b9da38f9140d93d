"""How many messages may be sent: `100000/month`, or a mapping for both periods."""

import re
from dataclasses import dataclass

import yaml

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Key, Kind, Scalar, Section
from blynk_gateway.config.scalars import whole_number
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.upstream.options import BudgetOptions

MAX_MESSAGES = 1_000_000_000

_PERIODS = ("month", "day")
_BUDGET = re.compile(r"(\d{1,10})/(month|day)", re.ASCII)
_LIKELY = re.compile(r"(\d{1,10})\s*(k?)\s*(?:/|per|a)?\s*(m|d)?\w*", re.ASCII | re.IGNORECASE)
_SECTION = Section(BudgetOptions, tuple(Key(p, whole_number(0, MAX_MESSAGES)) for p in _PERIODS))


def parse_budget(text: str) -> BudgetOptions:
    """The budget of one period, or none.

    Raises:
        ValueError: if it is neither, or more than `MAX_MESSAGES`.
    """
    if text == "0":
        return BudgetOptions()
    match = _BUDGET.fullmatch(text)
    if match is None or int(match[1]) > MAX_MESSAGES:
        raise ValueError(text)
    return BudgetOptions(**{match[2]: int(match[1])})


def _likely_budget(text: str) -> str:
    """`100000`, `100k/month`, `100000 per month` → `100000/month`."""
    match = _LIKELY.fullmatch(text)
    if match is None:
        return ""
    period = "day" if (match[3] or "").lower() == "d" else "month"
    return f"{match[1]}{'000' if match[2] else ''}/{period}"


def _show(budget: BudgetOptions) -> str:
    given = [(period, getattr(budget, period)) for period in _PERIODS if getattr(budget, period)]
    if len(given) > 1:
        return _SECTION.flow(budget)
    return "0" if not given else quoted(f"{given[0][1]}/{given[0][0]}")


_TEXT = Scalar(
    parse_budget,
    "0 for none, messages such as 100000/month or 3000/day, or a mapping of month and day",
    _show,
    likely=_likely_budget,
)


@dataclass(frozen=True, slots=True)
class Budget(Kind[BudgetOptions]):
    """A text for one period, or a mapping of `month` and `day`."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> BudgetOptions:
        """The budget; 0 is none."""
        is_text = not isinstance(node, yaml.MappingNode)
        return (_TEXT if is_text else _SECTION).read(node, key, scope)

    def flow(self, value: BudgetOptions) -> str:
        """As short as it can be said."""
        return _TEXT.flow(value)
