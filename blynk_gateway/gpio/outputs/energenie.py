"""Radio sockets switched by the Energenie board (ENER314).

1. Telling a socket takes a third of a second, during which gpiozero sleeps: a thread does it.
2. All sockets share the board: one at a time is told. What was commanded meanwhile waits, and the
   newest command of a socket is the one that it is told.
3. Sockets do not answer. What they do is taken to be what they were told last; a switch at the
   socket, or a wall between, makes that wrong, so the same command again is told again.
"""

import asyncio
import warnings
from typing import Any
from weakref import WeakKeyDictionary

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.outputs import EnergenieOptions
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import SWITCH, Levels, parse_levels
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from blynk_gateway.runtime.tasks import spawn

with warnings.catch_warnings():
    # gpiozero 1.6.2 asks for a package that newer versions of setuptools warn about.
    warnings.simplefilter("ignore")
    import gpiozero

_on_air: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Held while a socket is told something. A lock belongs to one loop; a daemon has one."""


class Energenie(DrivenPeripheral[EnergenieOptions]):
    """One socket: 0 or 1."""

    effects = frozenset({EffectKind.TOGGLE})

    def __init__(self, options: EnergenieOptions, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        self._radio: Any = None
        self._given_up: Any = None
        """The radio after its last command, until that is sent."""
        self._wanted: Levels | None = None
        self._sent: Levels | None = None
        self._sender: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        """Why the last command could not be sent, until somebody is told."""
        self._policy = Level.OFF

    @property
    def actual(self) -> PinValue:
        """What the socket was told last; `()` before it was told anything."""
        return () if self._sent is None or self._levels is None else self._text(self._sent)

    def open(self, opening: Opening) -> None:
        """As every output, but the socket is told nothing if it shall stay as it is.

        Raises:
            HardwareError, or one of `host.errors`: the board cannot be used; nothing is claimed.
        """
        on_crash = self.options.on_crash if opening is Opening.CRASH else None
        self._policy = on_crash or self.options.on_start
        super().open(opening)

    async def close(self) -> None:
        """As every output; returns when the socket has been told. May be called twice.

        Raises:
            HardwareError, or one of `host.errors`: the board could not be used.
        """
        try:
            await super().close()
        finally:
            if self._sender is not None:
                await asyncio.wait([self._sender])
            radio, self._given_up = self._given_up, None
            if radio is not None:
                # It waits for the other sockets.
                await asyncio.to_thread(radio.close)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _claim(self, levels: Levels) -> None:
        self._radio = gpiozero.Energenie(
            socket=self.options.socket,
            initial_value=None,
            pin_factory=self.host.board.pin_factory,
        )
        self._sent = None
        if self._policy is Level.KEEP and levels == (self._present() or self.off):
            self._sent = self._present()
        else:
            self._drive(levels)

    def _drive(self, levels: Levels) -> None:
        self._wanted = levels
        if self._sender is None:
            self._sender = spawn(self._send(self._radio), name=f"energenie {self.options.name}")

    def _release(self) -> None:
        self._given_up, self._radio = self._radio, None

    def _leave(self) -> None:
        # A socket stays as it is by itself.
        self._release()

    def _parse(self, value: PinValue) -> Levels:
        levels = parse_levels(self.options.pin, value, SWITCH, 1)
        if levels not in (self.off, self.on):
            raise InvalidValue(f"{self.options.pin} was given {value[0]!r}; expected 0 or 1")
        return levels

    def _present(self) -> Levels | None:
        return self._stored()

    def _read(self) -> Levels | None:
        return self._sent

    async def _send(self, radio: Any) -> None:  # noqa: ANN401  gpiozero has no types
        on_air = _on_air.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        try:
            while self._wanted is not None:
                async with on_air:
                    wanted, self._wanted = self._wanted, None
                    await asyncio.to_thread(_transmit, radio, self.is_on(wanted))
                    self._sent = wanted
        except self._errors as error:
            self._wanted = None
            self._error = error
            if self._sent is not None:
                self._levels = self._true_levels()
                self._tell(None)
            self.host.failed(self.options.name, error)
        finally:
            self._sender = None


def _transmit(device: Any, is_on: bool) -> None:  # noqa: ANN401  gpiozero has no types
    device.value = is_on
