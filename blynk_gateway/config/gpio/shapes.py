"""Keys that many types of peripherals share, and how they make a shape."""

from collections.abc import Callable

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.values import DAY_MS, LINE, MAX_NUMBER, SECOND_MS, RangeOf
from blynk_gateway.config.kinds import Key, Section
from blynk_gateway.config.scalars import (
    VIRTUAL_PIN,
    duration,
    duration_or,
    number_from,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.typed import TYPE

MAX_SMOOTHING = 1000
"""Readings that are averaged; they are kept in memory."""

MAX_DECIMALS = 6
"""More digits than any sensor resolves."""

LINE_KEY = Key("line", LINE)
RANGE_KEY = Key("range", RangeOf())
HEARTBEAT_KEY = Key("heartbeat", duration_or("never", SECOND_MS, DAY_MS), "heartbeat_ms")

_PIN = Key("pin", VIRTUAL_PIN)


def shape(
    make: Callable[..., PeripheralOptions],
    needed: tuple[Key, ...],
    *others: Key,
    finish: Callable[[PeripheralOptions, str, Scope], PeripheralOptions] | None = None,
) -> Section[PeripheralOptions]:
    """The section of a type.

    Args:
        make: its options.
        needed: keys that must be given; `pin` always is one.
        others: keys with defaults.
        finish: see `Section`.
    """
    required = (*(key.target for key in needed), _PIN.target)
    return Section(make, (TYPE, *needed, _PIN, *others), required, finish=finish)


def every(low_ms: int) -> Key:
    """The interval between two readings or reports."""
    return Key("every", duration(low_ms, DAY_MS), "every_ms")


def sampled(low_ms: int) -> tuple[Key, ...]:
    """Keys of everything that is read again and again, at most each `low_ms`."""
    return (
        every(low_ms),
        Key("deadband", number_from(0, MAX_NUMBER)),
        Key("smoothing", whole_number(1, MAX_SMOOTHING)),
        Key("decimals", whole_number(0, MAX_DECIMALS)),
        HEARTBEAT_KEY,
    )
