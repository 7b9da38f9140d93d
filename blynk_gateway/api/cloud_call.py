"""A request of the Blynk IoT dialect, its device known."""

from typing import NamedTuple, TypeAlias

from aiohttp import web

from blynk_gateway.api.bodies import only_field
from blynk_gateway.api.faults import Refusal
from blynk_gateway.core.address import MAX_PIN_INDEX, parse_pin
from blynk_gateway.core.device import Device
from blynk_gateway.core.json_text import Literal, whole_number

Query: TypeAlias = dict[str, list[str]]
"""Values of the query by name, in order."""


class CloudCall(NamedTuple):
    """What every endpoint works with."""

    request: web.Request
    device: Device
    query: Query


def named_pin(query: Query) -> str | None:
    """The pin that `pin=` or `dataStreamId=` names, None without either.

    Raises:
        UnknownPin, Refusal: it names none.
    """
    name = only_field(query, "pin")
    if name is not None:
        return parse_pin(name)
    number = only_field(query, "dataStreamId")
    if number is None:
        return None
    index = whole_number(Literal(number))
    if index is None or not 0 <= index <= MAX_PIN_INDEX:
        raise Refusal("Wrong dataStreamId format.")
    return f"V{index}"
