"""What every device connection works with, in one place."""

import asyncio
import itertools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blynk_gateway.blynk_server.admission import Admission
from blynk_gateway.blynk_server.apps import Apps
from blynk_gateway.blynk_server.frame_log import FrameLog
from blynk_gateway.blynk_server.quota import Limits
from blynk_gateway.blynk_server.reading import Reads
from blynk_gateway.core.notifications import NoNotifier, Notifier
from blynk_gateway.protocol.server import LOGIN_TIMEOUT_S
from blynk_gateway.runtime.logs import Repeats
from blynk_gateway.runtime.parts import Parts

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection

log = logging.getLogger(__name__)

SNIFF_TIMEOUT_S = 10.0
"""Until the first byte. Browsers open connections ahead of need; devices speak at once."""

BUFFER_BYTES = 8 * 1024
"""Read at once: some 500 writes. They are packed for the journal before the next read, while the
processor still has them at hand: four times as much cost a tenth more time a write."""

MAX_HANDSHAKES = 200
"""TLS handshakes at once. Each takes 300 KiB, and about a second of the device's time."""

MIN_READ_BYTES = 1024
SMALLEST_WRITE_BYTES = 11
"""Frame of `vw`, a pin and a value of one digit each."""


@dataclass(slots=True, kw_only=True)
class Context(Parts):
    """The shared parts, the limits, and all connections.

    Attributes:
        handshakes: those of the waiting connections that are in their TLS handshake.
        buffer: what every connection reads into; its content is used up before the next read.
        by_device: logged-in connections by slug.
        reads: pins that somebody waits for.
        apps: devices that an app looks at.
        frames: devices whose frames somebody looks at.
        notifier: takes what devices want people to be told.
        closing: transports of ended connections with something left to write, and when it is.
    """

    limits: Limits
    admission: Admission
    repeats: Repeats
    handshakes: Admission = field(default_factory=lambda: Admission(MAX_HANDSHAKES))
    login_timeout_s: float = LOGIN_TIMEOUT_S
    sniff_timeout_s: float = SNIFF_TIMEOUT_S
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(BUFFER_BYTES)))
    connections: "set[DeviceConnection]" = field(default_factory=set)
    by_device: "dict[str, list[DeviceConnection]]" = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)
    apps: Apps = field(default_factory=Apps)
    frames: FrameLog = field(default_factory=FrameLog)
    notifier: Notifier = field(default_factory=NoNotifier)
    closing: dict[asyncio.Transport, asyncio.Future[None]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def set_read_size(self, messages_per_second: int) -> None:
        """Read about a second's worth of messages at once; without a quota as much as fits.

        So a quota slows a device down, message by message, before it has to refuse any.
        """
        size = messages_per_second * SMALLEST_WRITE_BYTES or BUFFER_BYTES
        size = max(MIN_READ_BYTES, min(BUFFER_BYTES, size))
        if size != len(self.buffer):
            self.buffer = memoryview(bytearray(size))

    def log_limited(self, level: int, message: str, *key: object, **values: object) -> None:
        """Log a line that a peer can provoke; lines with the same key at most once a minute."""
        held_back = self.repeats.allow((message, *key))
        if held_back is None:
            return
        if held_back:
            values["held_back"] = held_back
        log.log(level, message, extra=values)
