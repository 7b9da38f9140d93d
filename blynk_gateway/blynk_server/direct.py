"""The direct pins of the device behind one connection: their modes, outputs and inputs.

1. Nothing is sent before the wire's hold ended; what changes until then is part of the replay.
2. `pm` goes before the writes and reads of a pin. Of an A and a D pin with one number only the D
   pin's mode is sent: the number is all that the wire knows, and `ar` needs no mode on any board.
3. Inputs that have an interval are asked in its rhythm, but not while the device is behind.
   A device that answers a question by an error is not asked for that pin again.

Source: blynk-protocol §5.2 and §5.4.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from blynk_gateway.blynk_server.polling import Polls
from blynk_gateway.blynk_server.translation import find_mode, suits, wire_pin
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.protocol.commands import Status

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection
    from blynk_gateway.core.stream import PinState


class DirectPins:
    """Made for connections whose device has direct pins, or is asked for one."""

    __slots__ = ("_asked", "_connection", "_polls", "_slug")

    def __init__(self, connection: "DeviceConnection", slug: str) -> None:
        self._connection = connection
        self._slug = slug
        self._asked: dict[str, int] = {}
        self._polls = Polls(connection.context.clock, self._poll)

    def begin(self, states: "Iterable[PinState]") -> None:
        """Queue the modes of all pins, then the values of outputs, then a question to each input.

        What somebody waits for is asked last.

        Args:
            states: pins that have a mode.
        """
        pins = {state.pin: state for state in states}
        self._send_modes({pin: state.direct for pin, state in pins.items() if state.direct})
        for state in pins.values():
            direct = state.direct
            is_output = direct is not None and not direct.mode.is_input
            if state.value and direct is not None and is_output and state.is_of_mode:
                self._replay(state, direct)
        for pin, state in pins.items():
            if state.direct is not None:
                self._listen(pin, state.direct)
        for pin in self._connection.context.reads.wanted(self._slug):
            if pin not in self._asked:
                self._ask(pin)

    def change(self, modes: Mapping[str, DirectPin]) -> None:
        """Queue new modes; inputs among the pins are asked."""
        self._send_modes(modes)
        for pin, direct in modes.items():
            self._listen(pin, direct)

    def redeclare(self, old: Mapping[str, DirectPin], new: Mapping[str, DirectPin]) -> None:
        """The configuration declares other pins."""
        for pin in old.keys() - new.keys():
            self._polls.set(pin, None)
        self.change({pin: direct for pin, direct in new.items() if old.get(pin) != direct})

    def read(self, pin: str) -> None:
        """Ask for one pin now; while the device is being set up, `begin` does so."""
        if not self._connection.is_opening:
            self._ask(pin)
            self._connection.send_queued()

    def told(self, pin: str) -> None:
        """The device told a pin's value; it is stored."""
        self._asked.pop(pin, None)
        self._connection.context.reads.arrived(self._slug, pin)

    def answered(self, message_id: int, status: int) -> None:
        """The device answered something by a status; it may be a question of ours."""
        pin = next((pin for pin, asked in self._asked.items() if asked == message_id), None)
        if pin is None or status == Status.OK:
            return
        del self._asked[pin]
        self._polls.set(pin, None)
        context = self._connection.context
        context.reads.refused(self._slug, pin)
        context.log_limited(
            logging.INFO,
            "the device cannot read this pin; it is not asked again until its next login",
            self._slug,
            pin,
            device=self._slug,
            pin=pin,
            status=status,
        )

    def stop(self) -> None:
        """The connection is over."""
        self._polls.stop()

    def _send_modes(self, modes: Mapping[str, DirectPin]) -> None:
        store = self._connection.context.store
        known = [
            (pin, str(direct.mode))
            for pin, direct in modes.items()
            if pin[0] == "D" or find_mode(store, self._slug, f"D{pin[1:]}") is None
        ]
        if not self._connection.wire.send_modes(known):
            self._connection.note_unsent("pin modes")

    def _replay(self, state: "PinState", direct: DirectPin) -> None:
        if not suits(state.pin, direct, state.value):
            return
        if not self._connection.wire.send_pin(wire_pin(state.pin, direct.mode), state.value):
            self._connection.note_unsent(state.pin)

    def _listen(self, pin: str, direct: DirectPin) -> None:
        if direct.mode.is_input:
            self._ask(pin)
        self._polls.set(pin, direct.every_ms)

    def _ask(self, pin: str) -> None:
        message_id = self._connection.wire.send_read(pin)
        if message_id:
            self._asked[pin] = message_id

    def _poll(self, pins: list[str]) -> None:
        if self._connection.may_ask():
            for pin in pins:
                self._ask(pin)
            self._connection.send_queued()
