"""The way out to a stock device: what may be sent, in which form, and when.

1. Nothing goes to a device that it would not survive: such sends return False. That concerns
   `buff-in`, text encoding and the `info.Quirks` of the client. PING is never sent.
2. While the hold lasts only responses go out: some clients take the frame after the login answer
   for the answer to their info. Everything else waits, and is judged when the info is known.
3. To a client that reads one frame per TCP segment, frames go out 60 ms apart.
"""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import TYPE_CHECKING

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.connection import Connection
from blynk_gateway.protocol.frames import (
    HEADER_BYTES,
    MAX_BODY_BYTES,
    encode_frame,
    encode_response,
)
from blynk_gateway.protocol.info import CAUTIOUS, DEFAULT_BODY_BYTES, TextLimit
from blynk_gateway.protocol.messages import PINS_BY_READ, join_body, write_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blynk_gateway.protocol.info import DeviceInfo, Quirks

PACE_S = 0.06
"""Between frames to clients that read one frame per segment (measured with blynklib 0.2.6)."""

_CAREFUL_PIN_MODES = frozenset({"in", "out", "pu", "pd"})
_DIRECT_OPS = frozenset({"pm", *PINS_BY_READ})
_READ_OPS = {"V": "vr", "D": "dr", "A": "ar"}
_APP_STATES = frozenset({"acon", "adis"})


class DeviceSender(Connection):
    """The sending half of `ServerConnection`.

    Attributes:
        quirks: what the device survives; cautious until its info is known.
        frames_withheld: frames held back for the info that did not suit the device then.
    """

    __slots__ = ("_held", "_max_body_bytes", "_sent_at", "frames_withheld", "quirks")

    def __init__(self) -> None:
        super().__init__()
        self.quirks: Quirks = CAUTIOUS
        self.frames_withheld = 0
        self._held: list[bytes] | None = None
        self._max_body_bytes = DEFAULT_BODY_BYTES
        self._sent_at = -inf

    @property
    def is_holding(self) -> bool:
        """Whether the hold lasts (rule 2)."""
        return self._held is not None

    @property
    def backlog(self) -> int:
        """Frames queued and not yet handed out, for an owner that would rather wait."""
        return len(self._queue) + len(self._held or ())

    @property
    def next_send_at(self) -> float:
        """When a queued frame must be sent that `data_to_send` kept for later; else infinity."""
        return self._sent_at + PACE_S if self._queue and self.quirks.needs_pacing else inf

    def respond(self, message_id: int, status: int) -> None:
        """Answer the frame with this id; nothing happens after the end of the connection.

        Raises:
            LocalProtocolError: the device is not logged in yet.
        """
        if self._can_send():
            self._answer(message_id, status)

    def send_pin(self, pin: str, value: tuple[str, ...], message_id: int | None = None) -> bool:
        """Write a pin of the device: `vw`, `dw` or `aw`.

        Args:
            pin: "V5", "D17", "A0".
            value: at least one text.
            message_id: of the sync this answers; None for an id of our own.

        Returns:
            Whether the frame was queued (rule 1).

        Raises:
            LocalProtocolError: no such pin, no value, or the device is not logged in yet.
        """
        return self._send(Command.HARDWARE, message_id, write_body(pin, value))

    def send_bridge(self, pin: str, value: tuple[str, ...], message_id: int) -> bool:
        """Write a pin of the device on behalf of another device, with that one's message id."""
        return self._send(Command.BRIDGE, message_id, write_body(pin, value))

    def send_hardware(self, op: str, *args: str) -> bool:
        """Set pin modes (`pm`, pin, mode, …) or ask for a pin (`vr`, `dr`, `ar`, pin).

        Raises:
            LocalProtocolError: another op, or the device is not logged in yet.
        """
        if op not in _DIRECT_OPS:
            msg = f"send_hardware: op {op!r}. Expected one of {', '.join(sorted(_DIRECT_OPS))}"
            raise LocalProtocolError(msg)
        if op == "vr" and not self.quirks.takes_virtual_read:
            return False
        if op == "pm" and not (
            self.quirks.takes_all_pin_modes or _CAREFUL_PIN_MODES.issuperset(args[1::2])
        ):
            return False
        return self._send(Command.HARDWARE, None, join_body(op, *args))

    def send_modes(self, modes: Iterable[tuple[str, str]]) -> bool:
        """Set the modes of direct pins, in as many `pm` frames as the device's buffer asks for.

        A client that does not survive `pwm` gets `out`, which lets it obey `aw` as well.

        Args:
            modes: pins ("D8", "A0") and their modes; only the pin's number goes over the wire.

        Returns:
            Whether all of them were queued.
        """
        is_careful = not self.quirks.takes_all_pin_modes
        arguments: list[str] = []
        size = 0
        is_sent = True
        for pin, mode in modes:
            pair = (pin[1:], "out" if is_careful and mode not in _CAREFUL_PIN_MODES else mode)
            pair_size = len(pair[0]) + len(pair[1]) + 2
            if arguments and len("pm") + size + pair_size > self._max_body_bytes:
                is_sent &= self.send_hardware("pm", *arguments)
                arguments, size = [], 0
            arguments += pair
            size += pair_size
        if arguments:
            is_sent &= self.send_hardware("pm", *arguments)
        return is_sent

    def send_read(self, pin: str) -> int:
        """Ask for a pin of the device by `vr`, `dr` or `ar`.

        Returns:
            The message id, which the answer or the refusal carries; 0 if it was not queued.
        """
        return self._last_id if self.send_hardware(_READ_OPS[pin[0]], pin[1:]) else 0

    def send_internal(self, kind: str, *parameters: str, message_id: int | None = None) -> bool:
        """Send an INTERNAL frame, an answer if `message_id` is given.

        Args:
            kind: rtc, utc, meta, acon, adis, ota or dbg.
            parameters: none for `acon` and `adis`, they get the form this client understands.
            message_id: of the request this answers; every client survives answers.
        """
        if message_id is None:
            if kind in _APP_STATES:
                if self.quirks.app_state_suffix is None:
                    return False
                parameters = self.quirks.app_state_suffix
            if not self.quirks.takes_internal:
                return False
        return self._send(Command.INTERNAL, message_id, join_body(kind, *parameters))

    def send_redirect(self, host: str, port: int) -> bool:
        """Tell the device to connect elsewhere; close the connection a few seconds later."""
        return self.quirks.takes_redirect and self._send(
            Command.REDIRECT, None, join_body(host, str(port))
        )

    def send_debug(self, text: str) -> bool:
        """Print a line in the device's log."""
        return self.quirks.takes_debug_print and self._send(
            Command.DEBUG_PRINT, None, join_body(text)
        )

    def data_to_send(self, now: float) -> list[bytes]:
        """Take the whole frames that may be written now, in order.

        Each must be written in one piece (a WebSocket message of its own; on TCP they may be
        joined). Frames for later are announced by `next_timeout`.
        """
        if not self._queue:
            return []
        if self.quirks.needs_pacing:
            if now < self._sent_at + PACE_S:
                return []
            self._sent_at = now
            return [self._queue.pop(0)]
        frames, self._queue = self._queue, []
        return frames

    @abstractmethod
    def _can_send(self) -> bool:
        """Whether the device is logged in; False after the end of the connection.

        Raises:
            LocalProtocolError: it is not logged in yet.
        """

    def _answer(self, message_id: int, status: int) -> None:
        # Clients number from 1, but blynklib runs into 0 after 65535; an answer with 0 kills it.
        self._queue.append(encode_response(message_id or 1, status))

    def _adapt(self, info: DeviceInfo) -> None:
        self.quirks = info.quirks
        self._max_body_bytes = info.max_body_bytes

    def _begin_hold(self) -> None:
        self._held = []

    def _end_hold(self) -> None:
        if self._held is None:
            return
        for frame in self._held:
            if self._suits(frame[HEADER_BYTES:]):
                self._queue.append(frame)
            else:
                self.frames_withheld += 1
        self._held = None

    def _send(self, command: int, message_id: int | None, body: bytes) -> bool:
        if not self._can_send():
            return False
        if self._held is None and not self._suits(body):
            return False
        if len(body) > MAX_BODY_BYTES:
            return False
        message_id = self._next_id() if message_id is None else message_id or 1
        queue = self._queue if self._held is None else self._held
        queue.append(encode_frame(command, message_id, body))
        return True

    def _suits(self, body: bytes) -> bool:
        if len(body) > self._max_body_bytes:
            return False
        limit = self.quirks.text
        return (
            limit is TextLimit.ANY or body.isascii() or (limit is TextLimit.UTF8 and _is_utf8(body))
        )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
