"""What one dashboard wants to be told, as its messages say."""

from typing import NamedTuple

from blynk_gateway.api.faults import RequestError
from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.json_text import Json, Literal, decode_json
from blynk_gateway.errors import UnknownPin

MAX_ADDRESSES = 1500
"""Pins that one dashboard watches: a page of 1,000 widgets, and room."""


class Watch(NamedTuple):
    """Pins that are watched, and the caller's scope. Clients with equal ones share messages.

    Attributes:
        pins: the latest value is enough.
        each: every value counts.
    """

    pins: frozenset[PinAddress] = frozenset()
    each: frozenset[PinAddress] = frozenset()
    scope: Scope | None = None

    @property
    def everything(self) -> frozenset[PinAddress]:
        """All pins."""
        return self.pins | self.each

    def has_pin(self, address: PinAddress) -> bool:
        """Whether the pin is one of them."""
        return address in self.pins or address in self.each

    def sees_device(self, slug: str) -> bool:
        """Whether the caller's scope has the device."""
        return self.scope is None or self.scope.has_device(slug)

    def sees_whole(self, slug: str) -> bool:
        """Whether the caller's scope has more of the device than some pins."""
        return self.scope is None or slug in self.scope.devices


def parse_watch(text: object, scope: Scope | None) -> Watch:
    """The watch that a message asks for; what the scope does not have is left out.

    Raises:
        RequestError: it is no such message.
    """
    if not isinstance(text, str):
        raise RequestError("no text message")
    try:
        document = decode_json(text)
    except ValueError:
        raise RequestError("no JSON") from None
    if not isinstance(document, dict):
        raise RequestError("no JSON object")
    if document.get("type") != "watch":
        raise RequestError("unknown type; expected watch")
    for name in document:
        if name not in ("type", "pins", "each"):
            raise RequestError("unknown field; expected pins and each")
    each = _addresses(document, "each", scope)
    pins = _addresses(document, "pins", scope) - each
    if len(pins) + len(each) > MAX_ADDRESSES:
        raise RequestError(f"too many pins; expected at most {MAX_ADDRESSES}")
    return Watch(pins, each, scope)


def _addresses(document: dict[str, Json], name: str, scope: Scope | None) -> frozenset[PinAddress]:
    found = document.get(name, [])
    if not isinstance(found, list) or len(found) > MAX_ADDRESSES:
        raise RequestError(f"{name}: expected an array of at most {MAX_ADDRESSES} addresses")
    try:
        addresses = {_address(item) for item in found}
    except UnknownPin:
        raise RequestError(f"{name}: expected pin addresses, DEVICE/PIN") from None
    if scope is not None:
        addresses = {address for address in addresses if scope.has_pin(address)}
    return frozenset(addresses)


def _address(item: Json) -> PinAddress:
    # Numbers come as texts of a kind of their own.
    if not isinstance(item, str) or isinstance(item, Literal):
        raise UnknownPin("no text")
    return parse_address(item)
