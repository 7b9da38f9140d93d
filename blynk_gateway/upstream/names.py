"""Pins of one mapping by their names here and above."""

from collections.abc import Iterator

from blynk_gateway.config.upstream.options import MappedPin, MappingOptions


class Names:
    """Looks up mapped pins.

    Attributes:
        pins: by their addresses here.
        devices: slugs of the devices whose pins these are.
    """

    def __init__(self, options: MappingOptions) -> None:
        self.pins = {mapped.local: mapped for mapped in options.pins}
        self.devices = frozenset(mapped.local.device for mapped in options.pins)
        self._by_remote = {mapped.remote: mapped for mapped in options.pins}

    def __iter__(self) -> Iterator[MappedPin]:
        return iter(self.pins.values())

    def above(self, remote: str) -> MappedPin | None:
        """The pin of this name above, None for one that is not mapped."""
        return self._by_remote.get(remote)
