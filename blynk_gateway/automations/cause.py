"""What a run is about: the change, message or moment that started it."""

from typing import NamedTuple

from blynk_gateway.core.value import PinValue


class Cause(NamedTuple):
    """Why a rule runs, and what its placeholders stand for.

    Attributes:
        text: for people, `greenhouse/V5 = 30.5`, `at 07:30`, `by admin anna`.
        at_ms: UTC of the change, message or moment.
        device, pin: what it is about; empty for nothing in particular.
        value, previous: of the pin, or the payload of a message.
        event: code of an event.
        seq: of the change that started it, None for none.
        depth: how many changes led to this one: what the run does has one more.
    """

    text: str
    at_ms: int
    device: str = ""
    pin: str = ""
    value: PinValue = ()
    previous: PinValue = ()
    event: str = ""
    seq: int | None = None
    depth: int = 0
