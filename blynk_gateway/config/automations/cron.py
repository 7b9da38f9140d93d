"""Expressions of cron: five fields, or one of the words that stand for some.

Read here and not by a library: the versions of croniter in Debian 12 and 13 take different ones,
and some for other moments. What could mean two things to people is refused.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import yaml

from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Kind
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import did_you_mean, suggestion

_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
CRON_WORDS = tuple(_SHORT)

MAX_LENGTH = 200

_EXPECTED = (
    'five fields "minute hour day month weekday" such as "*/15 6-22 * * 1-5",'
    f" or one of {', '.join(CRON_WORDS)}"
)
_TERM = re.compile(r"(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/(\d{1,2}))?", re.ASCII)
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Field(NamedTuple):
    """One of the five; the highest weekday, 7, is Sunday as 0 is."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What it takes."""
        words = f" ({', '.join(self.words)})" if self.words else ""
        numbers = f"numbers {self.low} to {self.high}{words}"
        return f"* or {numbers}, rising ranges and lists of these as the {self.name}"

    def number(self, text: str) -> int:
        """Raises ValueError: it is none of this field."""
        value = self.words.index(text) + self.low if text in self.words else int(text)
        if not self.low <= value <= self.high:
            raise ValueError(text)
        return value

    def values(self, text: str) -> frozenset[int]:
        """All that a field holds; of weekdays with 0 for Sunday.

        Raises:
            ValueError: it is malformed.
        """
        if text == "*":
            return frozenset(range(self.low, self.last + 1))
        found: set[int] = set()
        for term in text.split(","):
            match = _TERM.fullmatch(term)
            if not match:
                raise ValueError(text)
            found.update(self._values(match[1], match[2], match[3]))
        return frozenset(0 if value > self.last else value for value in found)

    @property
    def last(self) -> int:
        """The highest of `*`."""
        return self.low + 6 if self.high == _SUNDAY else self.high

    def _values(self, low: str | None, high: str | None, step: str | None) -> range:
        if low is not None and high is None:
            if step is not None:
                raise ValueError(step)
            return range(self.number(low), self.number(low) + 1)
        first = self.low if low is None else self.number(low)
        last = self.last if high is None else self.number(high)
        every = 1 if step is None else int(step)
        # A `*` in a list, a range of one, and steps beyond the range are taken differently.
        if first >= last or not 1 <= every <= last - first or (low is None and step is None):
            raise ValueError(low)
        return range(first, last + 1, every)


_SUNDAY = 7
_HOUR = 1
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field(
        "month",
        1,
        12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    Field("weekday", 0, _SUNDAY, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_DAY, _MONTH, _WEEKDAY = 2, 3, 4


class CronFields(NamedTuple):
    """What an expression means.

    Attributes:
        weekdays: Sunday is 0.
        is_either_day: a matching day of the month or weekday is enough; else both have to match.
        is_all_day: the field of the hour begins with `*`.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool
    is_all_day: bool


def fields_of(expression: str) -> CronFields:
    """The meaning of what `parse_cron` returned.

    Days as in Debian's cron: either is enough unless one of the two fields begins with `*`.
    """
    texts = _SHORT.get(expression, expression).split()
    minutes, hours, days, months, weekdays = (
        field.values(part) for field, part in zip(FIELDS, texts, strict=True)
    )
    stars = [text.startswith("*") for text in texts]
    is_either_day = not (stars[_DAY] or stars[_WEEKDAY])
    return CronFields(minutes, hours, days, months, weekdays, is_either_day, stars[_HOUR])


def parse_cron(text: str) -> str:
    """The expression, with one blank between its fields.

    Raises:
        ValueError: if it is none; says what is expected.
    """
    texts = text.lower().split()
    expression = " ".join(texts)
    if expression in CRON_WORDS:
        return expression
    if len(text) > MAX_LENGTH or len(texts) != len(FIELDS):
        raise ValueError(_EXPECTED)
    values = []
    for field, part in zip(FIELDS, texts, strict=True):
        try:
            values.append(field.values(part))
        except ValueError:
            raise ValueError(field.expected) from None
    for one, other in ((_DAY, _WEEKDAY), (_WEEKDAY, _DAY)):
        if texts[other] != "*" and texts[one] != "*" and _is_all(FIELDS[one], texts[one]):
            raise ValueError(f"* as the {FIELDS[one].name}: here all of them could mean two things")
    never = all(_LAST_DAYS[month - 1] < min(values[_DAY]) for month in values[_MONTH])
    if never and texts[_WEEKDAY] == "*":
        raise ValueError("a day that comes: this one never does")
    return expression


@dataclass(frozen=True, slots=True)
class Cron(Kind[str]):
    """An expression whose moment comes at least every few years."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> str:
        """With one blank between its fields."""
        text = scope.text_of(node, key, _EXPECTED)
        try:
            return parse_cron(text)
        except ValueError as error:
            end = suggestion(text, CRON_WORDS) if text.startswith("@") else ""
            scope.reject(node, key, f"found {found(text)}, expected {error}{end or _guess(text)}")

    def flow(self, value: str) -> str:
        """In quotes."""
        return quoted(value)


def _is_all(field: Field, text: str) -> bool:
    return field.values(text) == field.values("*")


def _guess(text: str) -> str:
    if len(text) > MAX_LENGTH:
        return ""
    if text.strip().lower() == "@reboot":
        return did_you_mean("startup: true")
    try:
        return did_you_mean(parse_cron(_likely(text.lower())))
    except ValueError:
        return ""


def _likely(text: str) -> str:
    """Without the seconds of others; `22-5` → `22-23,0-5`; `@annually` → what is known."""
    texts = text.split()
    if len(texts) == len(FIELDS) + 1 and texts[0] == "0":
        texts = texts[1:]
    if len(texts) != len(FIELDS):
        return {"@midnight": "@daily", "@annually": "@yearly"}.get(text.strip(), text)
    texts = [
        ",".join(_likely_term(field, term) for term in part.split(","))
        for field, part in zip(FIELDS, texts, strict=True)
    ]
    try:
        if _is_all(FIELDS[_DAY], texts[_DAY]):
            texts[_DAY] = "*"
        elif _is_all(FIELDS[_WEEKDAY], texts[_WEEKDAY]):
            texts[_WEEKDAY] = "*"
    except ValueError:
        return text
    return " ".join(texts)


def _likely_term(field: Field, term: str) -> str:
    """`?` → `*`, `monday` → `mon`, `5/15` → `5-59/15`, `3-3` → `3`, falling ranges in two."""
    term = re.sub(r"[a-z]+", lambda word: word[0][:3], "*" if term == "?" else term)
    match = _TERM.fullmatch(term)
    if not match or match[1] is None:
        return term
    low, high, step = match.groups()
    if high is None:
        return term if step is None else f"{low}-{field.last}/{step}"
    try:
        first, last = field.number(low), field.number(high)
    except ValueError:
        return term
    if first == last:
        return low
    if first < last or step is not None:
        return term
    ends = (field.words[-1], field.words[0]) if field.words and low.isalpha() else ()
    end, begin = ends or (str(field.last), str(field.low))
    return ",".join(
        edge if edge == other else f"{edge}-{other}" for edge, other in ((low, end), (begin, high))
    )


CRON = Cron()
