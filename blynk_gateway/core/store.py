"""The one place where pin values live and change.

Rules:
1. A pin value changes in `PinStore.write` and nowhere else: on the loop's thread, synchronously,
   without an `await`. Whoever wants to know listens on `PinBus`.
2. A refused write changes nothing and raises one `PinError`.
3. A REPORT or COMMAND is an event: it is published even if the value is equal. A SYNC is state: an
   equal one is dropped, an unequal one is settled by the datastream's authority. A PAST that is
   older than what stands changes no value and is published as `PastChange`; else it is a REPORT.
4. A write caused by another write carries its cause and depth; beyond `MAX_DEPTH` it is refused.
5. COMMANDs from links, bindings and servers above pass a fuse per pin, against loops that leave
   the process and come back.
6. A direct pin (D or A) obeys its mode. One without a mode gets it from its first COMMAND, before
   that is published; not if that would drive the pin of the other kind with its number.
"""

from collections.abc import Callable, Iterable, Mapping

from blynk_gateway.core.address import PIN_NAMES, PinKind, pin_order
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import MAY_LOOP, Intent, ModeChange, Origin, PastChange, PinChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.direct import (
    MAX_ANALOG,
    DirectPin,
    check_command,
    check_mode,
    check_own_mode,
    first_use,
    twin,
)
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.core.stream import PinState, Stream
from blynk_gateway.core.value import SEPARATOR, PinValue, check_size
from blynk_gateway.errors import (
    LoopDetected,
    NotWritable,
    TooManyCommands,
    UnknownDevice,
    UnknownPin,
)

MAX_DEPTH = 8
"""Longest chain of writes that cause each other; more is taken for a loop."""

FUSE_PER_SECOND = 50
FUSE_BURST = 200
"""Commands a pin takes from links, bindings and servers above: far above what people and rules do,
far below a loop."""

OWN_MAX_ANALOG = 255
"""Highest PWM value of the Pi's own pins, as `analogWrite` has it."""


# Looked up once: reading a member through its class costs a tenth of a whole write.
_REPORT = Intent.REPORT
_COMMAND = Intent.COMMAND
_PAST = Intent.PAST
_new = tuple.__new__

# 256 characters have at most 1,024 bytes in UTF-8: shorter single values need no counting.
_SURELY_SHORT = 256


class PinStore:
    """Current values of all pins of all devices."""

    __slots__ = ("_bus", "_clock", "_devices", "_open_pins")

    def __init__(self, bus: PinBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._devices: dict[str, dict[str, Stream]] = {}
        self._open_pins: dict[str, frozenset[str]] = {}

    def define(
        self,
        device: str,
        datastreams: Mapping[str, Datastream],
        pins: Mapping[str, DirectPin] | None = None,
        open_pins: frozenset[str] | None = None,
    ) -> None:
        """Add a device, or give it other datastreams and pins; values and learned modes stay.

        Args:
            pins: declared modes of its direct pins.
            open_pins: the only direct pins it has, for the gateway's own device; None for any.
        """
        if open_pins is None:
            self._open_pins.pop(device, None)
        else:
            self._open_pins[device] = open_pins
        pins = pins or {}
        is_own = open_pins is not None
        streams = self._devices.get(device, {})
        for pin in (*datastreams, *pins):
            if pin not in streams:
                streams[pin] = Stream(pin, is_own=is_own)
        for pin, stream in list(streams.items()):
            stream.is_own = is_own
            stream.datastream = datastreams.get(pin)
            if pin in pins or stream.is_declared:
                stream.turn(pins.get(pin), self._bus.next_seq)
                stream.is_declared = pin in pins
            if not (stream.value or stream.datastream or stream.direct):
                del streams[pin]
        self._devices[device] = streams

    def restore_mode(self, device: str, pin: str, direct: DirectPin) -> None:
        """Put back a mode that was learned in an earlier run, without telling anyone.

        A declared mode stands; a device that is gone needs none.
        """
        streams = self._devices.get(device)
        if streams is None:
            return
        stream = streams.setdefault(pin, Stream(pin, is_own=device in self._open_pins))
        if not stream.is_declared:
            stream.direct = direct

    def set_mode(self, device: str, pin: str, direct: DirectPin, origin: Origin) -> None:
        """Give a direct pin a mode and tell everyone; its value stays.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: no such pin, or none that the gateway's own device has.
            InvalidValue: a virtual pin, or a mode that the pin cannot have.
            NotWritable: the configuration declares another one.
        """
        streams = self._streams(device)
        stream = streams.get(pin) or self._new_stream(device, pin)
        check_mode(pin, direct)
        self.check_open(device, pin)
        if stream.is_own:
            check_own_mode(pin, direct)
        if stream.is_declared and stream.direct != direct:
            mode = "" if stream.direct is None else stream.direct.mode
            raise NotWritable(f"{device}/{pin} is declared as {mode}; expected no other mode")
        streams[pin] = stream
        self._learn(device, stream, direct, origin)

    def forget(self, device: str) -> None:
        """Drop a device with all its pins. It need not exist."""
        self._devices.pop(device, None)
        self._open_pins.pop(device, None)

    def write(
        self,
        device: str,
        pin: str,
        value: PinValue,
        origin: Origin,
        intent: Intent,
        at_ms: int | None = None,
        cause: int | None = None,
        depth: int = 0,
    ) -> PinChange | None:
        """Give a pin a value and tell everyone.

        Args:
            device: slug.
            pin: canonical name, `V5`.
            value: parameters as written; clamped where the datastream says so.
            at_ms: when it was so, UTC ms; None for now, but not of a PAST.
            cause: `seq` of the change that led to this one.
            depth: how many changes led to this one.

        Returns:
            The change; None for a SYNC that brings nothing new, and for a PAST that is older.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: no such pin.
            InvalidValue: too long, with a zero byte, or not of the datastream's type.
            NotWritable: a COMMAND for a datastream that only the device writes, or for an input.
            LoopDetected: the effect of an effect of … more than `MAX_DEPTH` times.
            TooManyCommands: the pin's fuse is blown; it mends by itself.
        """
        streams = self._devices.get(device)
        if streams is None:
            raise UnknownDevice(f"no device has the slug {device[:40]!r}")
        stream = streams.get(pin) or self._new_stream(device, pin)
        if len(value) != 1 or len(value[0]) > _SURELY_SHORT or SEPARATOR in value[0]:
            check_size(value)
        datastream = stream.datastream
        if datastream is not None:
            value = datastream.accept(value)
        if at_ms is None:
            at_ms = self._clock.now_ms()
        previous = stream.value
        if intent is _COMMAND:
            self._admit_command(device, stream, value, origin, cause, depth)
        elif intent is not _REPORT:
            settled = self._settle(device, stream, value, origin, intent, at_ms)
            if settled is None:
                return None
            intent = settled
        if not previous:
            # A new pin joins only now: a refused write leaves no trace.
            streams[pin] = stream
        # What `take_seq` does, without its call.
        bus = self._bus
        seq = bus.next_seq
        bus.next_seq = seq + 1
        # Past NamedTuple's own __new__, which takes as long as the rest: it runs for every message.
        change = _new(
            PinChange,
            (seq, device, pin, value, previous, origin, intent, at_ms, cause, depth),
        )
        stream.value = value
        stream.at_ms = at_ms
        stream.seq = seq
        if intent is _COMMAND or stream.is_own:
            bus.publish_command(change)
        else:
            bus.publish(change)
        return change

    def check_command(self, device: str, pin: str, value: PinValue) -> None:
        """Refuse what `write` would refuse of a COMMAND, loops and fuses left out; write nothing.

        Raises:
            UnknownDevice, UnknownPin, InvalidValue, NotWritable: as `write`.
        """
        stream = self._streams(device).get(pin) or self._new_stream(device, pin)
        check_size(value)
        datastream = stream.datastream
        if datastream is not None:
            value = datastream.accept(value)
            _check_writable(device, datastream)
        if stream.is_direct:
            self._check_direct(device, stream, value)

    def check_open(self, device: str, pin: str) -> None:
        """Refuse a direct pin that the gateway's own device does not have.

        Raises:
            UnknownPin: it is not open; other devices have any pin.
        """
        open_pins = self._open_pins.get(device)
        if open_pins is not None and pin not in open_pins:
            known = ", ".join(sorted(open_pins, key=pin_order)) or "none"
            raise UnknownPin(
                f"{device}/{pin} is not open to direct control; expected one of: {known}"
            )

    def get(self, device: str, pin: str) -> PinState:
        """What is known of one pin.

        Raises:
            UnknownDevice: no such slug.
            UnknownPin: the pin was never written and no datastream defines it.
        """
        stream = self._streams(device).get(pin)
        if stream is None:
            raise UnknownPin(f"{device}/{pin} was never written and has no datastream")
        return stream.state()

    def find(self, device: str, pin: str) -> PinState | None:
        """What is known of one pin, or None."""
        streams = self._devices.get(device)
        stream = None if streams is None else streams.get(pin)
        return None if stream is None else stream.state()

    def find_datastream(self, device: str, pin: str) -> Datastream | None:
        """The datastream of a pin, None if it has none or is not known."""
        streams = self._devices.get(device)
        stream = None if streams is None else streams.get(pin)
        return None if stream is None else stream.datastream

    def is_text(self, device: str, pin: str) -> bool:
        """Whether values of a pin are no numbers, even where they look like one."""
        datastream = self.find_datastream(device, pin)
        return datastream is not None and not datastream.is_numeric

    def pins(self, device: str) -> list[PinState]:
        """Every pin of a device that was written or defined, in natural order.

        Raises:
            UnknownDevice: no such slug.
        """
        streams = self._streams(device)
        return [streams[pin].state() for pin in sorted(streams, key=pin_order)]

    def snapshot(self) -> Iterable[tuple[str, PinState]]:
        """Every written pin of every device."""
        for device, streams in self._devices.items():
            for stream in streams.values():
                if stream.value:
                    yield device, stream.state()

    def correct_times(self, corrected: Callable[[int, int], int]) -> None:
        """Say better when the current values were written; they stay, and nobody is told.

        Args:
            corrected: the right UTC ms of a change, by its number and the wrong one.
        """
        for streams in self._devices.values():
            for stream in streams.values():
                if stream.value:
                    stream.at_ms = corrected(stream.seq, stream.at_ms)

    def _streams(self, device: str) -> dict[str, Stream]:
        streams = self._devices.get(device)
        if streams is None:
            raise UnknownDevice(f"no device has the slug {device[:40]!r}")
        return streams

    def _settle(
        self,
        device: str,
        stream: Stream,
        value: PinValue,
        origin: Origin,
        intent: Intent,
        at_ms: int,
    ) -> Intent | None:
        """What a SYNC or PAST is written as; None if the value that stands stays."""
        if intent is not _PAST:
            return intent if stream.takes_sync(value, origin) else None
        if at_ms >= stream.at_ms:
            return _REPORT
        seq = self._bus.take_seq()
        past = PastChange(seq, device, stream.pin, value, (), origin, intent, at_ms, None, 0)
        self._bus.publish(past)
        return None

    def _admit_command(
        self,
        device: str,
        stream: Stream,
        value: PinValue,
        origin: Origin,
        cause: int | None,
        depth: int,
    ) -> None:
        if depth > MAX_DEPTH:
            raise LoopDetected(
                f"{device}/{stream.pin} would be written as effect {depth} of one change"
                f" (cause {cause}); expected at most {MAX_DEPTH}"
            )
        if stream.datastream is not None:
            _check_writable(device, stream.datastream)
        if origin.kind in MAY_LOOP:
            now = self._clock.monotonic()
            if stream.fuse is None:
                stream.fuse = TokenBucket(FUSE_PER_SECOND, FUSE_BURST, now)
            if not stream.fuse.take(1, now):
                raise TooManyCommands(
                    f"{device}/{stream.pin} got more than {FUSE_PER_SECOND} commands a second"
                    f" from {origin}; expected fewer"
                )
        if stream.is_direct:
            direct = self._check_direct(device, stream, value)
            if stream.direct is None:
                self._learn(device, stream, direct, origin)

    def _check_direct(self, device: str, stream: Stream, value: PinValue) -> DirectPin:
        """The mode in which the pin takes the command."""
        self.check_open(device, stream.pin)
        direct = stream.direct or first_use(stream.pin)
        if stream.is_own:
            check_own_mode(stream.pin, direct)
        elif stream.direct is None:
            other = self._devices[device].get(twin(stream.pin))
            if other is not None and other.direct is not None and _is_same(stream, other.direct):
                raise NotWritable(
                    f"{device}/{stream.pin} is pin {stream.pin[1:]} of the board as {other.pin} is,"
                    f" which is used already; expected {other.pin}"
                )
        highest = OWN_MAX_ANALOG if stream.is_own else MAX_ANALOG
        check_command(f"{device}/{stream.pin}", direct, value, highest)
        return direct

    def _learn(self, device: str, stream: Stream, direct: DirectPin, origin: Origin) -> None:
        seq = self._bus.take_seq()
        stream.turn(direct, seq)
        change = ModeChange(seq, device, stream.pin, direct, origin, self._clock.now_ms())
        self._bus.publish_command(change)

    def _new_stream(self, device: str, pin: str) -> Stream:
        if pin not in PIN_NAMES:
            raise UnknownPin(f"{pin[:40]!r} is no pin; expected V0…V255, D0…D255 or A0…A255")
        return Stream(pin, is_own=device in self._open_pins)


def _check_writable(device: str, datastream: Datastream) -> None:
    if not datastream.is_writable:
        raise NotWritable(f"{device}/{datastream.pin} ({datastream.name}) is read-only")


def _is_same(stream: Stream, other: DirectPin) -> bool:
    """Whether driving a pin would drive the one with its number of the other kind.

    Only `ar` counts channels: a digital pin and a channel may have the same number.
    """
    return PIN_NAMES[stream.pin] is PinKind.ANALOG or not other.mode.is_input
