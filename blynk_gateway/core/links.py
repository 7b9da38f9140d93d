"""Links between pins, as they are declared; `automations` follows them."""

from typing import NamedTuple

from blynk_gateway.core.address import PinAddress


class Link(NamedTuple):
    """A change of `source` is written to `target`."""

    source: PinAddress
    target: PinAddress

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"
