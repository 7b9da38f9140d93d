"""Names of pins and devices: `greenhouse/V5`."""

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

from blynk_gateway.errors import DeviceError, UnknownPin

MAX_PIN_INDEX = 255
"""Source: a pin number is a uint8 in the stock library, blynk-protocol §5.2."""

MAX_PIN_DIGITS = 4
"""Leading zeros are tolerated up to here; converting longer text is pointless work."""

MAX_SLUG_LENGTH = 32
SLUG_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class PinKind(StrEnum):
    """The three families of pins, by their letter."""

    VIRTUAL = "V"
    DIGITAL = "D"
    ANALOG = "A"


PIN_NAMES: dict[str, PinKind] = {
    f"{kind}{index}": kind for kind in PinKind for index in range(MAX_PIN_INDEX + 1)
}
"""Every pin that exists, upper case, in natural order."""

_PIN_ORDER = {pin: order for order, pin in enumerate(PIN_NAMES)}


class PinAddress(NamedTuple):
    """One pin of one device."""

    device: str
    pin: str

    def __str__(self) -> str:
        return f"{self.device}/{self.pin}"


def parse_pin(text: str) -> str:
    """The pin's canonical name: `v5` → `V5`.

    Raises:
        UnknownPin: if the text is not a letter V, D or A with a number from 0 to 255.
    """
    pin = text.upper()
    if pin in PIN_NAMES:
        return pin
    letter, digits = pin[:1], pin[1:]
    if digits.isascii() and digits.isdigit() and len(digits) <= MAX_PIN_DIGITS:
        pin = f"{letter}{int(digits)}"
        if pin in PIN_NAMES:
            return pin
    raise UnknownPin(f"{text[:40]!r} is no pin; expected V, D or A and a number from 0 to 255")


def parse_address(text: str) -> PinAddress:
    """`greenhouse/v5` → `PinAddress("greenhouse", "V5")`; letters of either case.

    Raises:
        UnknownPin: if there is no slash, the slug is malformed or the pin does not exist.
    """
    device, slash, pin = text.partition("/")
    device = device.lower()
    if not slash or not SLUG_PATTERN.fullmatch(device):
        raise UnknownPin(f"{text[:80]!r} is no pin address; expected DEVICE/PIN")
    return PinAddress(device, parse_pin(pin))


def pin_order(pin: str) -> int:
    """Sort key that puts V2 before V10."""
    return _PIN_ORDER[pin]


def slug_of(name: str, limit: int = MAX_SLUG_LENGTH) -> str:
    """The slug for a display name, of at most so many characters: `Größe 2` → `grosse-2`.

    Raises:
        DeviceError: if no letter or digit is left.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].rstrip("-")
    if not slug:
        raise DeviceError(f"{name[:40]!r} gives no slug; expected at least one letter a–z or digit")
    return slug
