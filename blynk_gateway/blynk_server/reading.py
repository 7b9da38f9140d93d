"""Reads of single pins on demand, and who waits for them."""

import asyncio
from typing import TYPE_CHECKING

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.direct import PinMode
from blynk_gateway.errors import UnknownPin

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.context import Context

READ_TIMEOUT_S = 2.0
"""For a device to answer. An ESP8266 on a bad WLAN takes some 100 ms, and HTTP waits for it."""


class _Read:
    """One question to all connections of a device, and those who wait for the answer."""

    __slots__ = ("answered", "left")

    def __init__(self, connections: int) -> None:
        self.answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.left = connections


class Reads:
    """The questions that are open, by device and pin."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Read] = {}

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._open

    def wanted(self, device: str) -> list[str]:
        """The pins of a device that somebody waits for."""
        return [pin for slug, pin in self._open if slug == device]

    def arrived(self, device: str, pin: str) -> None:
        """The device told the pin's value; it is stored."""
        read = self._open.pop((device, pin), None)
        if read is not None and not read.answered.done():
            read.answered.set_result(True)

    def refused(self, device: str, pin: str) -> None:
        """One connection cannot read the pin; when none is left, the read has failed."""
        read = self._open.get((device, pin))
        if read is None:
            return
        read.left -= 1
        if read.left <= 0 and not read.answered.done():
            read.answered.set_result(False)

    async def read(self, context: "Context", device: str, pin: str) -> bool:
        """Ask all connections of a device for a pin, unless it is being asked already.

        A pin without a mode gets none by this. A pulse-width output is not asked: the device would
        tell a level, which is not its value.

        Returns:
            Whether a value arrived within `READ_TIMEOUT_S`.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: not a D or A pin.
        """
        if PIN_NAMES.get(pin) not in (PinKind.DIGITAL, PinKind.ANALOG):
            raise UnknownPin(f"{device}/{pin[:40]} cannot be read; expected a pin D<n> or A<n>")
        source = context.registry.get(device).definition.source
        state = context.store.find(device, pin)
        is_pwm = state is not None and state.direct is not None and state.direct.mode is PinMode.PWM
        connections = list(context.by_device.get(device, ()))
        # Who logs in with the gateway's own token does not have its pins.
        if is_pwm or source is DeviceSource.GATEWAY or not connections:
            return False
        key = (device, pin)
        read = self._open.get(key)
        if read is None:
            read = self._open[key] = _Read(len(connections))
            for connection in connections:
                connection.direct.read(pin)
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await asyncio.shield(read.answered)
        except TimeoutError:
            return False
        finally:
            if self._open.get(key) is read:
                del self._open[key]
