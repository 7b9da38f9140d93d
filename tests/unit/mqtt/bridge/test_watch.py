"""Whether the broker still has what we put there, and who else writes there."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.errors import PeerRefused
from blynk_gateway.mqtt.bridge import watch
from blynk_gateway.mqtt.bridge.signature import Signature
from blynk_gateway.mqtt.bridge.watch import Watch
from blynk_gateway.runtime.health import HealthState
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import INSTANCE_ID, RUN_ID, Core, FakeOutlet, reached

OWN = Signature(INSTANCE_ID, RUN_ID)
EARLIER = Signature(INSTANCE_ID, "0" * 16)
OTHER = Signature("f" * 32, "0" * 16)

INFO = "blynk/bridge/info"
HEALTH = "blynk/bridge/health"
STATE = "blynk/bridge/state"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SETTLE_S", 0.01)


class Closed(FakeOutlet):
    """Refuses whoever wants to see what it retains."""

    looks = 0

    async def collect(self, *filters: str) -> dict[str, bytes]:
        self.looks += 1
        raise PeerRefused("not authorised")


class Case:
    """A watch on a connection, in a broker that has the topic it looks for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.core = Core(clock=self.clock)
        self.outlet = FakeOutlet({"blynk/bridge/pairing": "OFF"})
        self.refills = 0
        self.watch = Watch(self.core.parts, self.refill)
        self._handlers = {one.filter: one.handler for one in self.watch.subscriptions()}

    def refill(self) -> None:
        self.refills += 1

    def hear(self, topic: str, said: Signature | bytes, *, is_retained: bool = False) -> None:
        payload = said.sign({"a": 1}).encode() if isinstance(said, Signature) else said
        self._handlers[topic](Message(topic, payload, is_retained=is_retained))

    @property
    def complaint(self) -> str:
        found = self.core.parts.health.components.get("mqtt_twin")
        return "" if found is None or found.state is HealthState.OK else found.detail


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    case = Case()
    await case.watch.connected(case.outlet)
    yield case
    case.watch.disconnected()
    case.watch.disconnected()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (INFO, b""),
        (HEALTH, b""),
        (INFO, b"hello"),
        (INFO, b"\xff"),
        (STATE, b"offline"),
        (STATE, b""),
    ],
)
async def test_what_was_cleared_or_overwritten_is_filled_again(
    case: Case, topic: str, payload: bytes
) -> None:
    case.hear(topic, payload)
    assert case.refills == 0
    await asyncio.sleep(0.05)
    assert case.refills == 1
    assert case.core.parts.health.counters["mqtt_refills"] == 1


async def test_what_we_say_ourselves_is_no_news(case: Case) -> None:
    case.hear(INFO, OWN)
    case.hear(HEALTH, OWN)
    case.hear(STATE, b"online")
    await asyncio.sleep(0.05)
    assert (case.refills, case.complaint) == (0, "")


async def test_many_losses_are_one_filling(case: Case) -> None:
    for _ in range(100):
        case.hear(INFO, b"")
    await asyncio.sleep(0.05)
    assert case.refills == 1


async def test_the_next_filling_waits_its_time(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "REFILL_EVERY_S", 60.1)
    case.hear(INFO, b"")
    await asyncio.sleep(0.05)
    case.clock.advance(60)
    begun = asyncio.get_running_loop().time()
    case.hear(INFO, b"")
    while case.refills < 2:  # noqa: ASYNC110  nothing signals it
        await asyncio.sleep(0.005)
    assert asyncio.get_running_loop().time() - begun > 0.09


async def test_a_loss_much_later_is_filled_soon(case: Case) -> None:
    case.hear(INFO, b"")
    await asyncio.sleep(0.05)
    case.clock.advance(60)
    case.hear(INFO, b"")
    await asyncio.sleep(0.05)
    assert case.refills == 2


async def test_what_is_retained_from_an_earlier_run_is_nothing_to_complain_of(case: Case) -> None:
    for said in (EARLIER, OTHER, b"hello", b"offline"):
        case.hear(INFO, said, is_retained=True)
    case.hear(STATE, b"offline", is_retained=True)
    await asyncio.sleep(0.05)
    assert (case.refills, case.complaint) == (0, "")


async def test_second_gateway_with_our_base_topic_is_complained_of_and_not_answered(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        case.hear(HEALTH, OTHER)
    assert "'blynk'" in case.complaint
    assert "`mqtt.base_topic`" in case.complaint
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1
    await asyncio.sleep(0.05)
    assert (case.refills, case.outlet.sent) == (0, [])


async def test_twin_is_told_from_a_second_gateway(case: Case) -> None:
    case.hear(INFO, EARLIER)
    assert "copy of this one's data directory" in case.complaint


async def test_complaint_ends_some_time_after_the_last_word(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "TWIN_FOR_S", 0.01)
    case.hear(INFO, OTHER)
    monkeypatch.setattr(watch, "TWIN_FOR_S", 60)
    case.hear(INFO, OTHER)
    await asyncio.sleep(0.05)
    assert case.complaint
    monkeypatch.setattr(watch, "TWIN_FOR_S", 0.01)
    case.hear(INFO, OTHER)
    await asyncio.sleep(0.05)
    assert not case.complaint


async def test_twin_that_ends_our_connections_shows_at_the_next_one(case: Case) -> None:
    case.hear(INFO, OTHER, is_retained=True)
    case.watch.disconnected()
    await case.watch.connected(case.outlet)
    # The broker may have lost what we wrote and show what was there at first.
    case.hear(INFO, OTHER, is_retained=True)
    assert not case.complaint
    case.hear(INFO, EARLIER, is_retained=True)
    assert "copy" in case.complaint
    case.watch.disconnected()
    assert "copy" in case.complaint


async def test_twin_that_was_there_before_us_shows_when_it_has_written_again(case: Case) -> None:
    for topic in (INFO, HEALTH):
        case.hear(topic, EARLIER, is_retained=True)
    for _ in range(2):
        assert not case.complaint
        case.watch.disconnected()
        await case.watch.connected(case.outlet)
        for topic in (INFO, HEALTH):
            case.hear(topic, EARLIER, is_retained=True)
    assert "copy" in case.complaint


async def test_nothing_is_filled_after_the_connection_has_ended(case: Case) -> None:
    case.hear(INFO, b"")
    case.watch.disconnected()
    await asyncio.sleep(0.05)
    assert case.refills == 0


async def test_broker_that_forgets_silently_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PROBE_EVERY_S", 0.01)
    case = Case()
    await case.watch.connected(case.outlet)
    await case.watch.connected(case.outlet)
    await asyncio.sleep(0.05)
    assert case.refills == 0
    case.outlet.retained.clear()
    await reached(lambda: case.refills == 1)
    case.watch.disconnected()
    await asyncio.sleep(0.05)
    assert case.refills == 1


async def test_broker_that_lets_nobody_look_has_forgotten_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "PROBE_EVERY_S", 0.005)
    case = Case()
    case.outlet = Closed()
    await case.watch.connected(case.outlet)
    await asyncio.sleep(0.05)
    assert case.refills == 0
    assert case.outlet.looks > 1
    case.watch.disconnected()
