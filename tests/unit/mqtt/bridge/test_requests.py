"""What may be asked of the gateway at the broker."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.errors import ConfigError, HistoryError
from blynk_gateway.mqtt.bridge import requests
from blynk_gateway.mqtt.bridge.health import BridgeHealth
from blynk_gateway.mqtt.bridge.pairing import PairingState
from blynk_gateway.mqtt.bridge.requests import Requests
from blynk_gateway.mqtt.messages import RuleMessages
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.runtime.health import HealthState
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet, Json
from tests.helpers.patience import PATIENCE_S
from tests.helpers.ports import MemoryBackups


class Reader:
    """Meets `core.ports.PinReader`; no request reads a pin."""

    async def read_pin(self, device: str, pin: str) -> bool:
        raise NotImplementedError


class Case:
    """Requests on a connection.

    Attributes:
        reloaded: raises what a reload is to raise, or returns.
    """

    def __init__(self, data_dir: Path, *, is_whole: bool = True) -> None:
        self.clock = FakeClock()
        self.core = Core(clock=self.clock)
        self.outlet = FakeOutlet()
        self.backups = MemoryBackups()
        self.restarts = 0
        self.faults: ConfigError | None = None
        self.may_reload = asyncio.Event()
        self.may_reload.set()
        services = MqttServices(
            reader=Reader(),
            backups=self.backups,
            data_dir=data_dir,
            backlog=lambda: 3,
            reload=self.reload if is_whole else None,
            restart=self.restart if is_whole else None,
            peripherals=dict,
            quota=QuotaOptions,
            url=lambda: None,
            messages=RuleMessages(self.core.clock),
        )
        parts = self.core.parts
        self.pairing = PairingState(parts)
        health = BridgeHealth(parts, services.backlog)
        self.requests = Requests(parts, services, pairing=self.pairing, health=health)
        (self.subscription,) = self.requests.subscriptions()

    async def reload(self) -> None:
        await self.may_reload.wait()
        if self.faults is not None:
            raise self.faults

    async def restart(self) -> None:
        if self.faults is not None:
            raise self.faults
        self.restarts += 1
        # The connection ends soon.
        asyncio.get_running_loop().call_soon(self.requests.disconnected)

    def ask(self, name: str, payload: str | bytes = b"", *, is_retained: bool = False) -> None:
        """Let a request come."""
        content = payload.encode() if isinstance(payload, str) else payload
        topic = f"blynk/bridge/request/{name}"
        self.subscription.handler(Message(topic, content, is_retained=is_retained))

    async def answer(self, name: str) -> Json:
        """Wait for the answer, and forget it."""
        topic = f"blynk/bridge/response/{name}"
        async with asyncio.timeout(PATIENCE_S):
            while not self.outlet.of(topic):  # noqa: ASYNC110  nothing signals it
                await asyncio.sleep(0.002)
        (found,) = (one for one in self.outlet.take() if one.topic == topic)
        assert not found.retain
        return found.json

    async def asked(self, name: str, payload: str | bytes = b"") -> Json:
        """The answer to a request."""
        self.ask(name, payload)
        return await self.answer(name)


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    case = Case(tmp_path)
    await case.requests.connected(case.outlet)
    yield case
    case.requests.disconnected()
    case.requests.disconnected()


def test_one_filter_takes_all_requests(tmp_path: Path) -> None:
    assert Case(tmp_path).subscription.filter == "blynk/bridge/request/+"


async def test_devices_are_listed(case: Case) -> None:
    case.core.add("shed")
    found = await case.asked("devices", '{"transaction": "mine-7"}')
    assert found["status"] == "ok"
    assert [one["slug"] for one in found["data"]["devices"]] == ["pi", "shed"]
    assert found["transaction"] == "mine-7"


async def test_health_names_the_components(case: Case) -> None:
    case.core.parts.health.report("history", HealthState.FAILED, "disk full")
    found = (await case.asked("health"))["data"]
    assert (found["status"], found["backlog"]) == ("failed", 3)
    assert found["components"]["history"] == {"state": "failed", "detail": "disk full"}


async def test_pairing_opens_and_closes(case: Case) -> None:
    assert (await case.asked("pair", '{"minutes": 2}'))["data"] == {"seconds_left": 120}
    assert case.core.parts.pairing.seconds_left == 120
    assert (await case.asked("pair", "OFF"))["data"] == {"seconds_left": 0}
    assert case.core.parts.pairing.seconds_left == 0


@pytest.mark.parametrize("payload", [b"", b"perhaps", b"\xff\xfe", b"x" * 1_000_000, b"[" * 4000])
async def test_faulty_request_has_an_answer_and_changes_nothing(case: Case, payload: bytes) -> None:
    found = await case.asked("pair", payload)
    assert found["status"] == "error"
    assert "expected" in found["error"]
    assert len(json.dumps(found)) < 500
    assert case.core.parts.pairing.seconds_left == 0


async def test_backup_names_its_file(case: Case, tmp_path: Path) -> None:
    found = (await case.asked("backup"))["data"]
    (path,) = (tmp_path / "backups").iterdir()
    assert found == {"path": str(path), "bytes": 12}


async def test_backup_that_fails_says_why(case: Case) -> None:
    case.backups.fault = HistoryError("7 MB are free")
    found = await case.asked("backup")
    assert found["status"] == "error"
    assert found["error"].startswith("7 MB are free. ")


async def test_reload_answers_when_it_is_done(case: Case) -> None:
    case.may_reload.clear()
    case.ask("reload")
    await asyncio.sleep(0.02)
    assert case.outlet.sent == []
    case.may_reload.set()
    assert await case.answer("reload") == {"status": "ok", "data": {}}


@pytest.mark.parametrize("name", ["reload", "restart"])
async def test_a_faulty_file_is_refused_and_its_faults_are_listed(case: Case, name: str) -> None:
    case.faults = ConfigError("gateway.yaml:3: one", "gateway.yaml:4: two")
    found = await case.asked(name)
    assert found["status"] == "error"
    assert found["data"] == {"faults": ["gateway.yaml:3: one", "gateway.yaml:4: two"]}
    assert case.restarts == 0


async def test_restart_is_answered_before_the_connection_ends(case: Case) -> None:
    assert await case.asked("restart") == {"status": "ok", "data": {}}
    assert case.restarts == 1


async def test_gateway_that_cannot_restart_or_reload_says_so(tmp_path: Path) -> None:
    case = Case(tmp_path, is_whole=False)
    await case.requests.connected(case.outlet)
    for name in ("restart", "reload"):
        found = await case.asked(name)
        assert found["status"] == "error"
        assert "expected" in found["error"]


async def test_unknown_request_is_told_the_known_ones(case: Case) -> None:
    found = await case.asked("permit_join", '{"transaction": 7}')
    assert found["error"].startswith(
        "there is no request 'permit_join';"
        " expected one of backup, devices, health, pair, reload, restart."
    )
    assert found["transaction"] == 7


@pytest.mark.parametrize("name", ["", "x" * 65, "ünï", "a b", "$SYS", "x" * 60_000])
async def test_what_is_no_name_has_no_answer(
    case: Case, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    case.ask(name)
    await asyncio.sleep(0)
    assert case.outlet.sent == []
    (line,) = (one for one in caplog.records if one.levelno == logging.WARNING)
    assert len(str(vars(line)["topic"])) < 100


async def test_retained_request_is_ignored_with_one_warning(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        case.ask("restart", is_retained=True)
    await asyncio.sleep(0.02)
    assert (case.outlet.sent, case.restarts) == ([], 0)
    assert caplog.messages == ["retained request ignored"]


async def test_one_request_of_a_kind_at_a_time(case: Case) -> None:
    case.may_reload.clear()
    case.ask("reload", '{"transaction": 1}')
    await asyncio.sleep(0.01)
    found = await case.asked("reload", '{"transaction": 2}')
    assert (found["status"], found["transaction"]) == ("error", 2)
    assert (await case.asked("pair", "1"))["status"] == "ok"
    case.may_reload.set()
    assert (await case.answer("reload"))["transaction"] == 1
    assert (await case.asked("reload"))["status"] == "ok"


async def test_a_flood_is_bounded_and_counted(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(1000):
        case.ask("nothing")
    burst = int(requests.REQUEST_BURST)
    assert len(case.outlet.sent) == burst
    assert case.core.parts.health.counters["mqtt_requests_ignored"] == 1000 - burst
    assert caplog.messages == ["too many requests, some are ignored"]
    case.clock.advance(1)
    case.outlet.take()
    assert (await case.asked("devices"))["status"] == "ok"


async def test_request_that_comes_before_all_stands_is_answered_afterwards(tmp_path: Path) -> None:
    case = Case(tmp_path)
    for _ in range(1000):
        case.ask("devices")
    assert case.outlet.sent == []
    await case.requests.connected(case.outlet)
    await asyncio.sleep(0.02)
    statuses = [one.json["status"] for one in case.outlet.sent]
    assert statuses.count("ok") == 1
    assert len(statuses) == requests.REQUEST_BURST


async def test_nothing_of_an_ended_connection_is_answered_on_the_next(case: Case) -> None:
    case.may_reload.clear()
    case.ask("reload")
    await asyncio.sleep(0.01)
    case.requests.disconnected()
    case.ask("restart")
    case.requests.disconnected()
    case.may_reload.set()
    second = FakeOutlet()
    await case.requests.connected(second)
    await asyncio.sleep(0.02)
    assert (case.outlet.sent, second.sent, case.restarts) == ([], [], 0)
    case.outlet = second
    assert (await case.asked("reload"))["status"] == "ok"


async def test_what_acts_stands_in_the_log(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await case.asked("devices")
    await case.asked("pair", "perhaps")
    (line,) = (one for one in caplog.records if one.message == "request answered")
    assert (vars(line)["request"], vars(line)["status"]) == ("pair", "error")
