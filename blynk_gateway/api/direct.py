"""Commands to direct pins in a device dialect: a refusal is in its words, and says why.

The original servers pass whatever they are given to a D or A pin and have no words for a pin that
cannot do it. So the reason stands behind the words they have for virtual pins.
"""

from collections.abc import Mapping
from typing import NamedTuple

from blynk_gateway.api.faults import Refusal
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PinError, UnknownPin


class Words(NamedTuple):
    """What a dialect says of a pin that is not there, and of a value that does not fit."""

    pin: str
    value: str


def check_direct(store: PinStore, slug: str, values: Mapping[str, PinValue], words: Words) -> None:
    """Refuse a command that one of the D or A pins would not take; other pins are not looked at.

    Raises:
        Refusal: with the reason. Nothing was written.
        UnknownDevice: no such slug.
    """
    for pin, value in values.items():
        if PIN_NAMES[pin] is PinKind.VIRTUAL:
            continue
        try:
            store.check_command(slug, pin, value)
        except UnknownPin as error:
            raise Refusal(f"{words.pin} {error}") from error
        except PinError as error:
            raise Refusal(f"{words.value} {error}") from error
