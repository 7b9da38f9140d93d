"""Whatever is bound to whatever, and written at whatever moment: it ends, and ends alike."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from tests.helpers.mqtt_world import (
    BOARD,
    DEVICE,
    MQTT,
    PIN,
    SimulatedBroker,
    SimulatedGateway,
    Wire,
    World,
)

ADDRESS = f"{DEVICE}/{PIN}"
NAMES = ("g0", "g1", "g2")

LAST_WRITE_S = 4.0
QUIET_AFTER_S = 30.0
"""Rounds of waiting in which two ended their pauses at the same moment take a while."""

MESSAGES_PER_WRITE = 40


class Mirror(NamedTuple):
    """One gateway follows another's state topic."""

    reader: int
    source: int


class Command(NamedTuple):
    """One gateway passes what it has to another's command topic."""

    sender: int
    target: int


class Shared(NamedTuple):
    """One gateway takes part in a topic that goes both ways."""

    member: int
    retain: bool


class Lamp(NamedTuple):
    """A thing of one gateway that answers commands with its state after a while, several times.

    Its command topic stands below that of its state, or elsewhere.
    """

    owner: int
    is_below: bool
    delay_s: float
    answers: int

    @property
    def state(self) -> str:
        return f"lamp{self.owner}"

    @property
    def command(self) -> str:
        return f"{self.state}/set" if self.is_below else f"command/{self.state}"


class Write(NamedTuple):
    at_s: float
    gateway: int
    value: str
    by_broker: bool


Bound = Mirror | Command | Shared | Lamp


def options_of(index: int, bound: frozenset[Bound]) -> list[BindingOptions]:
    """The bindings of one gateway."""
    options = []
    for one in sorted(bound, key=repr):
        match one:
            case Mirror(reader, source) if reader == index != source:
                options.append(BindingOptions(f"{NAMES[source]}/dev/v1", ADDRESS))
            case Command(sender, target) if sender == index != target:
                topic = f"{NAMES[target]}/dev/v1/set"
                options.append(BindingOptions(topic, ADDRESS, Direction.OUT))
            case Shared(member, retain) if member == index:
                options.append(BindingOptions("shared/x", ADDRESS, Direction.BOTH, retain=retain))
            case Lamp(owner) if owner == index:
                options.append(BindingOptions(one.state, ADDRESS))
                options.append(BindingOptions(one.command, ADDRESS, Direction.OUT))
            case _:
                pass
    return options


class Run:
    """A world in which writes happened, after the time that its traffic has to die out."""

    def __init__(
        self, bound: frozenset[Bound], writes: list[Write], slowest_s: float, seed: int
    ) -> None:
        self.world = World(seed)
        self.broker = SimulatedBroker(self.world)
        self.gateways = [
            SimulatedGateway(self.world, self.broker, name, options_of(index, bound), slowest_s)
            for index, name in enumerate(NAMES)
        ]
        for one in bound:
            if isinstance(one, Lamp):
                self._light(one)
        for gateway in self.gateways:
            gateway.connect()
        for write in writes:
            self.world.later(write.at_s, self._writer(write))
        self.world.run(LAST_WRITE_S + QUIET_AFTER_S)
        self.traffic = len(self.broker.published)
        self.world.run(LAST_WRITE_S + 4 * QUIET_AFTER_S)
        self.is_quiet = self.traffic == len(self.broker.published)
        self.values = [gateway.value for gateway in self.gateways]

    def _writer(self, write: Write) -> Callable[[], None]:
        gateway = self.gateways[write.gateway]
        return lambda: gateway.write((write.value,), MQTT if write.by_broker else BOARD)

    def _light(self, lamp: Lamp) -> None:
        wire = Wire(self.world, 0.01)

        def obey(_topic: str, payload: bytes, _is_retained: bool) -> None:
            for number in range(1, lamp.answers + 1):
                wait_s = lamp.delay_s * number
                self.world.later(wait_s, lambda: self.broker.publish(lamp.state, payload, True))

        self.broker.subscribe(lamp.command, wire, obey)


def _is_one_each(bound: frozenset[Bound]) -> bool:
    """Whether no gateway has two lamps or is in the shared topic twice."""
    keys = [(type(one), one[0]) for one in bound if isinstance(one, Lamp | Shared)]
    return len(keys) == len(set(keys))


gateways = st.integers(0, 2)
bound = st.frozensets(
    st.one_of(
        st.builds(Mirror, gateways, gateways),
        st.builds(Command, gateways, gateways),
        st.builds(Shared, gateways, st.just(False)),
        st.builds(Lamp, gateways, st.booleans(), st.floats(0.01, 0.5), st.integers(1, 2)),
    ),
    max_size=6,
).filter(_is_one_each)
writes = st.lists(
    st.builds(
        Write,
        st.one_of(st.just(1.0), st.floats(0.0, LAST_WRITE_S)),
        gateways,
        st.sampled_from(["0", "1", "2"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
speeds = st.sampled_from([0.002, 0.05, 0.2])
"""Of the slowest message. Nowhere an echo takes longer than `ECHO_S`: that is what the laws ask."""


@given(bound, writes, speeds, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_traffic_dies_out(
    bound: frozenset[Bound], writes: list[Write], slowest_s: float, seed: int
) -> None:
    run = Run(bound, writes, slowest_s, seed)
    assert run.is_quiet
    assert run.traffic <= MESSAGES_PER_WRITE * len(writes)


@given(st.booleans(), writes, speeds, st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_a_shared_topic_makes_all_equal(
    retain: bool, writes: list[Write], slowest_s: float, seed: int
) -> None:
    run = Run(frozenset(Shared(index, retain) for index in range(3)), writes, slowest_s, seed)
    assert len(set(run.values)) == 1
    assert run.traffic <= 5 * len(writes)


@given(writes, speeds, st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_two_that_mirror_each_other_end_equal(
    writes: list[Write], slowest_s: float, seed: int
) -> None:
    writes = [write._replace(gateway=write.gateway % 2) for write in writes]
    run = Run(frozenset({Mirror(0, 1), Mirror(1, 0)}), writes, slowest_s, seed)
    assert run.values[0] == run.values[1]


@given(writes, speeds, st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_two_that_command_each_other_end_equal(
    writes: list[Write], slowest_s: float, seed: int
) -> None:
    writes = [write._replace(gateway=write.gateway % 2) for write in writes]
    run = Run(frozenset({Command(0, 1), Command(1, 0)}), writes, slowest_s, seed)
    assert run.values[0] == run.values[1]
