"""What one adapter needs of another, as protocols; `gateway.py` hands over the real thing."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from blynk_gateway.core.change import EventChange
from blynk_gateway.core.value import PinValue


class Journal(Protocol):
    """The keeper of everything that was published (made by `history`)."""

    async def flush(self) -> None:
        """Return when everything published so far is committed to disk.

        Raises:
            HistoryError: it cannot be committed now.
        """

    async def events(self, device: str | None, limit: int, before: int = 0) -> list[EventChange]:
        """The latest entries of the event timeline, newest first.

        Args:
            before: only those with a lower number than this; 0 for the latest of all.
        """


class Backups(Protocol):
    """Makes backups of all data while the gateway runs (made by `history`)."""

    def backup(self) -> AsyncGenerator[bytes, None]:
        """The bytes of a backup, in pieces; to be closed if it is not read to its end.

        Raises:
            HistoryError: another one is being made, or there is too little room.
        """


class ApiToken(NamedTuple):
    """A key to `/api/v1`. The token itself is not kept, only its SHA-256 as hex.

    Attributes:
        devices: slugs of the devices it is good for, none for all.
    """

    name: str
    role: str
    digest: str
    created_ms: int
    devices: tuple[str, ...] = ()


class ApiTokens(Protocol):
    """The list of API tokens (made by `history`)."""

    async def api_tokens(self) -> list[ApiToken]:
        """All of them, by name."""

    async def add_api_token(self, token: ApiToken) -> bool:
        """Add one; False if the name is taken."""

    async def remove_api_token(self, name: str) -> bool:
        """Remove one; False if there is none of this name."""


class MessageSink(Protocol):
    """The far side of a device connection that is no plain socket (a WebSocket)."""

    def send_frames(self, frames: list[bytes]) -> None:
        """Send whole frames, in order; never blocks."""

    def close(self) -> None:
        """Close after what was sent. May be called twice."""


class DeviceLink(Protocol):
    """A device connection as its carrier sees it (made by `blynk_server`)."""

    def received(self, data: bytes) -> None:
        """Bytes came in, in chunks of any size."""

    def lost(self) -> None:
        """The carrier is gone. May be called twice."""

    async def ready(self) -> None:
        """Return when more bytes may be given; back-pressure waits here."""


class DeviceLinks(Protocol):
    """Opens device connections on foreign carriers."""

    def open_link(self, sink: MessageSink, peer: str) -> DeviceLink:
        """A new connection, not logged in."""


class PinReader(Protocol):
    """Reads a direct pin on demand (made by `gpio` for the Pi, by `blynk_server` for devices)."""

    async def read_pin(self, device: str, pin: str) -> bool:
        """Have a D or A pin read (`dr`, `ar`); its value is in the store when this returns True.

        Returns:
            False if nothing answers in time: the device is offline, or the pin cannot be read.

        Raises:
            PinError: no such pin, or none that may be read.
        """


class AppStates(Protocol):
    """Tells devices whether an app looks at them, `acon` and `adis` (made by `blynk_server`)."""

    def app_changed(self, device: str, is_active: bool) -> None:
        """Another app looks at a device (slug), or none does any more.

        The connections of the device are told, and those that come later. May be repeated: that
        there is none is told once.
        """


class SimulatedLine(NamedTuple):
    """One line of simulated pins.

    Attributes:
        line: BCM number.
        level: 0 or 1; of a line with PWM whether it is on at all.
        function: `input` or `output`.
        pull: `up`, `down` or `floating`.
        duty: 0 to 1 where PWM runs, else None.
        user: the peripheral or direct pin that uses it, None for nobody.
    """

    line: int
    level: int
    function: str
    pull: str
    duty: float | None
    user: str | None


class Simulation(Protocol):
    """Simulated pins (made by `gpio` with `factory: mock`)."""

    def lines(self) -> list[SimulatedLine]:
        """Every line of the header, by number."""

    def drive(self, line: int, level: bool) -> None:
        """Put a level on an input from outside, as a finger on a button does.

        Raises:
            UnknownPin: no such line.
            NotWritable: it is an output.
        """

    def adc(self) -> list[float]:
        """What is on each channel of the converter, 0 to 1 of full scale."""

    def set_adc(self, channel: int, value: float) -> None:
        """Put a voltage on a channel, as a fraction of full scale.

        Raises:
            UnknownPin: no such channel.
            InvalidValue: not from 0 to 1.
        """


class PeripheralState(NamedTuple):
    """A peripheral at the moment.

    Attributes:
        pin: the address it is mapped to, `pi/V1`.
        lines: its GPIO lines.
        fault: why it does not work, empty if it does.
        commanded: the latest value of the pin.
        actual: what the hardware does, `()` where that cannot be told.
    """

    name: str
    type: str
    pin: str
    lines: tuple[int, ...]
    fault: str
    commanded: PinValue
    actual: PinValue


class GpioState(NamedTuple):
    """The lines and peripherals at the moment.

    Attributes:
        factory: the back end in use, `none` if there is none.
        chip: label of the chip that has the lines, empty if unknown.
        fault: why there is no back end although one is wanted.
        open_pins: direct pins, `D5`, `A0`.
    """

    factory: str
    chip: str
    fault: str
    open_pins: tuple[str, ...]
    peripherals: tuple[PeripheralState, ...]


class Gpio(PinReader, Protocol):
    """The Pi's own pins (made by `gpio`)."""

    @property
    def simulation(self) -> Simulation | None:
        """The simulated pins, None with real ones."""

    def state(self) -> GpioState:
        """How everything is at the moment."""


class FrameRecord(NamedTuple):
    """One frame on a device connection, for people.

    Attributes:
        n: rises with each frame of any device, and starts again with the gateway.
        direction: `in` from the device, `out` to it.
        command: its name, or its number if it has none.
        id: the message id.
        length: of the body, bytes.
        text: the body's beginning with its separators shown, tokens masked; of a response the
            status.
        peer: the device's address.
    """

    n: int
    at_ms: int
    direction: str
    command: str
    id: int
    length: int
    text: str
    peer: str


class FrameLog(Protocol):
    """The latest frames of devices that somebody looks at (made by `blynk_server`)."""

    def frames(self, device: str, after: int) -> tuple[int, list[FrameRecord]]:
        """The number of the latest frame, and the latest ones behind `after`, oldest first.

        Frames are kept from the first call on until none came for a minute.
        """


class TlsState(NamedTuple):
    """How TLS is served.

    Attributes:
        is_enabled: whether an address for TLS is configured.
        ports: where TLS is served at the moment.
        is_own_ca: whether the certificate is one of the gateway's own authority.
        fingerprint: of the certificate, SHA-256 as hex; empty while none is served.
        ca_fingerprint: of the own authority, likewise.
        names: DNS names and IP addresses that the certificate is good for.
        not_after_ms: when it expires.
    """

    is_enabled: bool
    ports: tuple[int, ...] = ()
    is_own_ca: bool = False
    fingerprint: str = ""
    ca_fingerprint: str = ""
    names: tuple[str, ...] = ()
    not_after_ms: int | None = None


class Certificates(Protocol):
    """Tells of the certificate that is served (made by `blynk_server`)."""

    async def tls(self) -> TlsState:
        """How TLS is served at the moment."""

    async def authority(self) -> bytes | None:
        """The certificate of the gateway's own authority in PEM form, None if there is none."""
