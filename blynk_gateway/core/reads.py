"""Reading pins for others: what is known, or for a direct pin what it says when it is asked."""

import asyncio
import contextlib
from collections.abc import Iterable

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.ports import PinReader
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.stream import PinState
from blynk_gateway.errors import PinError

READ_WITHIN_S = 2.0
"""A board on Wi-Fi answers in a tenth of that; nobody waits longer for a value."""


class PinReads:
    """Has direct pins read where their values may be old."""

    def __init__(self, registry: DeviceRegistry, store: PinStore, reader: PinReader) -> None:
        self._registry = registry
        self._store = store
        self._reader = reader

    async def ask(self, slug: str, pin: str) -> None:
        """Have a D or A pin read whose value is not known to be fresh, see `_is_live`.

        If an answer comes it is in the store then.

        Raises:
            PinError: it cannot be read, for example a line that is not open.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                await self._ask(slug, pin)

    async def ask_all(self, slug: str, pins: Iterable[str]) -> None:
        """The same for several pins, all within `READ_WITHIN_S`; some may not be readable.

        One after another: a board takes few messages at once.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                for pin in dict.fromkeys(pins):
                    with contextlib.suppress(PinError):
                        await self._ask(slug, pin)

    async def _ask(self, slug: str, pin: str) -> None:
        if PIN_NAMES[pin] is PinKind.VIRTUAL:
            return
        state = self._store.find(slug, pin)
        if state is None or not self._is_live(slug, state):
            await self._reader.read_pin(slug, pin)

    def _is_live(self, slug: str, state: PinState) -> bool:
        """Whether the value is as fresh as it can be without asking."""
        direct = state.direct
        device = self._registry.get(slug)
        if device.definition.source is DeviceSource.GATEWAY:
            # Lines in use tell every change.
            return bool(state.value) and direct is not None
        is_asked_for = direct is None or not direct.mode.is_input or direct.every_ms is not None
        return bool(state.value) and is_asked_for


class Readers:
    """Meets `core.ports.PinReader` for the Pi and for LAN devices."""

    def __init__(self, registry: DeviceRegistry, *, own: PinReader, others: PinReader) -> None:
        self._registry = registry
        self._own = own
        self._others = others

    async def read_pin(self, device: str, pin: str) -> bool:
        """Have a direct pin read by whoever can.

        Raises:
            UnknownDevice: no such slug.
            PinError: it cannot be read.
        """
        is_own = self._registry.get(device).definition.source is DeviceSource.GATEWAY
        return await (self._own if is_own else self._others).read_pin(device, pin)
