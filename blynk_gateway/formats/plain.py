"""Values as other programs take them: a number, a text, or several texts."""

from typing import TypeAlias

from blynk_gateway.core.value import PinValue, number, printable, printable_value

PlainValue: TypeAlias = int | float | str | list[str]

MAX_EXACT = 2**53
"""Above this a double is a whole number anyway, and says nothing by being one."""


PlainPoint: TypeAlias = tuple[int, PlainValue]
"""UTC ms, and what a pin was then. No named one: a million of those take a quarter of a second."""


def plain_value(value: PinValue, *, is_text: bool) -> PlainValue:
    """A pin's value for other programs.

    Args:
        is_text: the pin's datastream says that it is no number, even if it looks like one.
    """
    if len(value) != 1:
        return printable_value(value)
    found = None if is_text else number(value)
    return printable(value[0]) if found is None else plain_number(found)


def plain_number(found: float) -> int | float:
    """The number, as an `int` where it is a whole one: `21` instead of `21.0`."""
    return int(found) if -MAX_EXACT < found < MAX_EXACT and found == int(found) else found
