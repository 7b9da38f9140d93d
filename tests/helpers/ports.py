"""Small real things behind the ports of `core/ports.py`: all in memory, nothing is pretended."""

import asyncio

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import EventChange, Intent, Origin, OriginKind
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import ApiToken, GpioState, MessageSink, SimulatedLine
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import InvalidValue, NotWritable, UnknownPin


class MemoryJournal:
    """Keeps events and API tokens as long as the test lives."""

    def __init__(self, bus: PinBus) -> None:
        self._mailbox = Mailbox(100_000, Overflow.CLOSE)
        bus.subscribe(self._mailbox, origin=None, echo=True)
        self._events: list[EventChange] = []
        self._tokens: dict[str, ApiToken] = {}

    async def flush(self) -> None:
        self._events += [one for one in self._mailbox.drain() if isinstance(one, EventChange)]

    async def events(self, device: str | None, limit: int) -> list[EventChange]:
        await self.flush()
        found = [one for one in self._events if device is None or one.device == device]
        return found[::-1][:limit]

    async def api_tokens(self) -> list[ApiToken]:
        return [self._tokens[name] for name in sorted(self._tokens)]

    async def add_api_token(self, token: ApiToken) -> bool:
        return self._tokens.setdefault(token.name, token) is token

    async def remove_api_token(self, name: str) -> bool:
        return self._tokens.pop(name, None) is not None


class MemoryLink:
    """One device connection that keeps what it received and can be made to wait."""

    def __init__(self, sink: MessageSink, peer: str) -> None:
        self.sink = sink
        self.peer = peer
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.ended = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.chunks.put_nowait(data)

    def lost(self) -> None:
        self.ended.set()

    async def ready(self) -> None:
        await self.may_go_on.wait()


class MemoryLinks:
    """Opens `MemoryLink`s."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[MemoryLink] = asyncio.Queue()

    def open_link(self, sink: MessageSink, peer: str) -> MemoryLink:
        link = MemoryLink(sink, peer)
        self.opened.put_nowait(link)
        return link


class MemorySimulation:
    """Three lines, of which 17 is an output and 27 is a button's, and a converter."""

    def __init__(self) -> None:
        self._lines = {
            4: SimulatedLine(4, 0, "input", "floating", None, None),
            17: SimulatedLine(17, 1, "output", "floating", 0.5, "pump"),
            27: SimulatedLine(27, 1, "input", "up", None, "door"),
        }
        self._adc = [0.0] * 8

    def lines(self) -> list[SimulatedLine]:
        return list(self._lines.values())

    def drive(self, line: int, level: bool) -> None:
        found = self._lines.get(line)
        if found is None:
            raise UnknownPin(f"GPIO{line} is no line of the header; expected 4, 17 or 27")
        if found.function == "output":
            raise NotWritable(f"GPIO{line} is an output; expected an input")
        self._lines[line] = found._replace(level=int(level))

    def adc(self) -> list[float]:
        return list(self._adc)

    def set_adc(self, channel: int, value: float) -> None:
        if channel not in range(len(self._adc)):
            raise UnknownPin(f"the converter has no channel {channel}; expected 0 to 7")
        if not 0 <= value <= 1:
            raise InvalidValue(f"channel {channel} was given {value}; expected 0 to 1")
        self._adc[channel] = value


class MemoryGpio:
    """Pins that can be read, with what is on them.

    Attributes:
        on_pins: device and pin to the value that a read finds there.
        asked: every read, in order.
        is_silent: whether a read never ends.
    """

    def __init__(self, store: PinStore) -> None:
        self._store = store
        self.simulation: MemorySimulation | None = None
        self.present = GpioState("none", "", "", (), ())
        self.on_pins: dict[tuple[str, str], tuple[str, ...]] = {}
        self.asked: list[tuple[str, str]] = []
        self.is_silent = False

    def state(self) -> GpioState:
        return self.present

    async def read_pin(self, device: str, pin: str) -> bool:
        self.asked.append((device, pin))
        if self.is_silent:
            await asyncio.Event().wait()
        self._store.check_open(device, pin)
        if (device, pin) not in self.on_pins:
            return False
        value = self.on_pins[device, pin]
        self._store.write(device, pin, value, Origin(OriginKind.GPIO), Intent.REPORT)
        return True
