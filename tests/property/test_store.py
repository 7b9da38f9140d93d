"""The promises of the store and the bus, under any order of writes, reads, comings and goings."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    Intent,
    Origin,
    OriginKind,
    PinChange,
)
from blynk_gateway.core.datastream import Authority, Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import DeviceError, PinError
from tests.helpers.clock import FakeClock

CONFIG = Origin(OriginKind.GATEWAY, "config")
CHANNELS = [Origin(OriginKind.DEVICE, "1"), Origin(OriginKind.DEVICE, "2")]
ORIGINS = [*CHANNELS, Origin(OriginKind.API, "phone"), Origin(OriginKind.LINK, "a/V1 -> b/V1")]
DATASTREAMS = {
    "V1": Datastream("V1", "Level", DatastreamType.INT, minimum=0, maximum=9),
    "V2": Datastream("V2", "Mode", authority=Authority.CLOUD),
    "V3": Datastream("V3", "Gauge", is_writable=False),
}
DEFINITIONS = {
    "a": DeviceDefinition("a", "A", "token-a", datastreams=DATASTREAMS),
    "b": DeviceDefinition("b", "B", "token-b"),
}

devices = st.sampled_from(sorted(DEFINITIONS))
pins = st.sampled_from(["V1", "V2", "V3", "V4", "V256"])
values = st.lists(st.sampled_from(["0", "1", "50", "on", "x" * 1025]), max_size=2).map(tuple)

View = dict[tuple[str, str], PinValue]


class LogSink:
    """Wants every change: a sequence without gap or repetition."""

    def __init__(self, bus: PinBus, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.first = bus.next_seq
        self.heard: list[int] = []
        bus.subscribe(mailbox, origin=None, echo=True)

    def read(self) -> None:
        self.heard += [change.seq for change in self.mailbox.drain()]


class ViewSink:
    """Wants the state: begins with a snapshot and applies what comes."""

    def __init__(self, bus: PinBus, view: View, limit: int) -> None:
        self.mailbox = Mailbox(limit, Overflow.CONFLATE)
        self.view = view
        self.last_seq = bus.next_seq - 1
        bus.subscribe(self.mailbox, origin=None, echo=True)

    def read(self) -> None:
        for change in self.mailbox.drain():
            assert change.seq > self.last_seq
            self.last_seq = change.seq
            if isinstance(change, PinChange):
                self.view[change.device, change.pin] = change.value
            elif isinstance(change, DefinitionChange) and change.definition is None:
                self.view = {
                    key: text for key, text in self.view.items() if key[0] != change.device
                }


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.bus = PinBus()
        self.store = PinStore(self.bus, self.clock)
        self.registry = DeviceRegistry(self.bus, self.store, self.clock)
        self.gate = Gate()
        self.logs = [
            LogSink(self.bus, Mailbox(10_000, Overflow.CLOSE)),
            LogSink(self.bus, Mailbox(3, Overflow.PAUSE, gate=self.gate)),
        ]
        self.views = [ViewSink(self.bus, {}, limit) for limit in (1, 4)]
        # Each channel hears all changes but its own, and once more the commands of device a.
        self.channels = {origin: Mailbox(10_000, Overflow.CLOSE) for origin in CHANNELS}
        self.commanded = {origin: Mailbox(10_000, Overflow.CLOSE) for origin in CHANNELS}
        for origin in CHANNELS:
            self.bus.subscribe(self.channels[origin], origin=origin, echo=False)
            self.bus.subscribe_commands(self.commanded[origin], device="a", origin=origin)
        self.published: list[PinChange] = []
        for definition in DEFINITIONS.values():
            self.registry.add(definition, CONFIG)

    def snapshot(self) -> View:
        return {(device, state.pin): state.value for device, state in self.store.snapshot()}

    @rule(
        device=devices,
        pin=pins,
        value=values,
        origin=st.sampled_from(ORIGINS),
        intent=st.sampled_from(Intent),
        depth=st.sampled_from([0, 1, 9]),
        ago_ms=st.integers(0, 2),
    )
    def write(
        self,
        device: str,
        pin: str,
        value: PinValue,
        origin: Origin,
        intent: Intent,
        depth: int,
        ago_ms: int,
    ) -> None:
        at_ms = self.clock.now_ms() - ago_ms
        stood = self.store.find(device, pin)
        before = (self.snapshot(), self.bus.next_seq)
        known = self.store.pins(device) if self.registry.find(device) else None
        try:
            change = self.store.write(device, pin, value, origin, intent, at_ms, depth=depth)
        except (PinError, DeviceError):
            # A refused write changes nothing, not even what is known of the pin.
            assert (self.snapshot(), self.bus.next_seq) == before
            assert (self.store.pins(device) if self.registry.find(device) else None) == known
            return
        is_past = intent is Intent.PAST and stood is not None and at_ms < stood.at_ms
        if change is None:
            assert is_past or intent is Intent.SYNC
            assert (self.snapshot(), self.bus.next_seq) == (before[0], before[1] + is_past)
            assert not is_past or self.store.find(device, pin) == stood
            return
        assert not is_past
        assert change.seq == before[1]
        assert change.previous == before[0].get((device, pin), ())
        assert self.store.get(device, pin).value == change.value
        self.published.append(change)

    @rule(device=devices)
    def remove_or_add(self, device: str) -> None:
        if self.registry.find(device) is None:
            self.registry.add(DEFINITIONS[device], CONFIG)
        else:
            self.registry.remove(device, CONFIG)

    @rule(limit=st.integers(1, 3))
    @precondition(lambda self: len(self.views) < 5)
    def join(self, limit: int) -> None:
        self.views.append(ViewSink(self.bus, self.snapshot(), limit))

    @rule(number=st.integers(0, 4))
    def read_view(self, number: int) -> None:
        self.views[number % len(self.views)].read()

    @rule(number=st.integers(0, 1))
    def read_log(self, number: int) -> None:
        self.logs[number].read()

    @invariant()
    def the_gate_is_closed_only_while_the_history_box_is_over_its_limit(self) -> None:
        mailbox = self.logs[1].mailbox
        assert self.gate.is_open == (len(mailbox) <= mailbox.limit)

    def teardown(self) -> None:
        for sink in self.logs:
            sink.read()
            assert sink.heard == list(range(sink.first, self.bus.next_seq))
        for view in self.views:
            view.read()
            assert view.view == self.snapshot()
        for origin in CHANNELS:
            heard: list[Change] = self.channels[origin].drain()
            assert [one for one in heard if one.origin == origin] == []
            others = [one for one in self.published if one.origin != origin]
            assert [one for one in heard if isinstance(one, PinChange)] == others
            commands = [one for one in others if one.intent is Intent.COMMAND and one.device == "a"]
            assert self.commanded[origin].drain() == commands


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
