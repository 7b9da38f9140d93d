"""The process around the gateway: signals, readiness, reload."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from asyncio import sslproto
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.failure import Refused
from blynk_gateway.config import Options, load
from blynk_gateway.core.clock import Clock
from blynk_gateway.daemon import (
    RESTART,
    SWITCH_INTERVAL_S,
    TLS_BUFFER_BYTES,
    Ending,
    ReloadFailed,
    run_gateway,
    tune_interpreter,
)
from blynk_gateway.errors import ConfigError
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.log_level import current_level, set_level
from tests.helpers.patience import PATIENCE_S

CONFIG = """\
server: {listen: ["127.0.0.1:0"], listen_tls: []}
gpio:
  factory: mock
  peripherals:
    fan: {type: relay, line: 2, pin: V1}
"""


@pytest.fixture(autouse=True)
def _in_no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is tuned for a whole process must not last for all tests that follow.
    monkeypatch.setattr("blynk_gateway.daemon.tune_interpreter", lambda: None)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)


def config_at(path: Path) -> Path:
    path.write_text(CONFIG)
    return path


STATES = ("READY=1", "RELOADING=1", "STOPPING=1")


def datagrams(manager: socket.socket) -> list[str]:
    """What a service manager was told so far."""
    found: list[str] = []
    try:
        while True:
            found.append(manager.recv(1000).decode())
    except BlockingIOError:
        return found


class Reached:
    """What a gateway may do with the process that it runs in."""

    reload: Callable[[], Awaitable[None]] | None
    restart: Callable[[], Awaitable[None]] | None


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Reached:
    reached = Reached()

    class Watched(Gateway):
        def __init__(
            self,
            options: Options,
            data_dir: Path,
            clock: Clock | None = None,
            *,
            config: Path | None = None,
            reload: Callable[[], Awaitable[None]] | None = None,
            restart: Callable[[], Awaitable[None]] | None = None,
            descriptors: Descriptors | None = None,
        ) -> None:
            reached.reload, reached.restart = reload, restart
            super().__init__(
                options,
                data_dir,
                clock,
                config=config,
                reload=reload,
                restart=restart,
                descriptors=descriptors,
            )

    monkeypatch.setattr("blynk_gateway.daemon.Gateway", Watched)
    return reached


def test_interpreter_neither_waits_nor_keeps_more_than_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sslproto.SSLProtocol, "max_size", sslproto.SSLProtocol.max_size)
    monkeypatch.setattr(gc, "callbacks", [*gc.callbacks])
    interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    try:
        tune_interpreter()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        assert gc.get_threshold()[0] > thresholds[0]
        # What asyncio makes its buffer of, by a name that is not promised to stay.
        assert sslproto.SSLProtocol.max_size == TLS_BUFFER_BYTES
        assert "max_size" in sslproto.SSLProtocol.__init__.__code__.co_names
    finally:
        sys.setswitchinterval(interval_s)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_well(tmp_path: Path, number: int) -> None:
    async def ready(_gateway: Gateway) -> None:
        os.kill(os.getpid(), number)

    options = load(config_at(tmp_path / "gateway.yaml"))
    assert await run_gateway(options, tmp_path / "data", ready=ready) == 0


async def test_cautions_of_the_file_are_logged_at_a_start_and_a_reload(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = config_at(tmp_path / "gateway.yaml")
    caplog.set_level(logging.WARNING)

    def cautions() -> list[str]:
        return [str(vars(line)["caution"]) for line in caplog.records if "caution" in vars(line)]

    async def reloaded(gateway: Gateway) -> None:
        assert len(cautions()) == 1
        assert "I²C" in cautions()[0]
        path.write_text(CONFIG.replace("line: 2", "line: 3"))
        wanted = load(path).gpio
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(PATIENCE_S):
            while gateway.options.gpio != wanted:  # noqa: ASYNC110  nothing signals it
                await asyncio.sleep(0.005)
        assert len(cautions()) == 2
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=reloaded) == 0


async def test_a_faulty_file_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(gateway: Gateway) -> None:
        before = gateway.options
        path.write_text("gpio: {factory: perhaps}\n")
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(PATIENCE_S):
            while "configuration" not in gateway.health.components:  # noqa: ASYNC110  nothing signals it
                await asyncio.sleep(0.005)
        assert gateway.health.components["configuration"].state is HealthState.DEGRADED
        assert gateway.options is before
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0


async def test_a_reload_that_fails_by_a_fault_of_ours_does_not_end_reloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(gateway: Gateway) -> None:
        async def fail(_options: Options) -> None:
            raise RuntimeError("not expected")

        with monkeypatch.context() as patched:
            patched.setattr(gateway, "reload", fail)
            os.kill(os.getpid(), signal.SIGHUP)
            async with asyncio.timeout(PATIENCE_S):
                while "task failed" not in caplog.messages:  # noqa: ASYNC110  nothing signals it
                    await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(PATIENCE_S):
            while "configuration" not in gateway.health.components:  # noqa: ASYNC110  likewise
                await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0


async def test_a_reload_that_is_asked_for_returns_when_it_is_in_force(
    tmp_path: Path, reached: Reached, caplog: pytest.LogCaptureFixture
) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(gateway: Gateway) -> None:
        assert reached.reload is not None
        path.write_text(CONFIG.replace("line: 2", "line: 3"))
        await asyncio.gather(reached.reload(), reached.reload())
        assert gateway.options.gpio == load(path).gpio
        path.write_text("gpio: {factory: perhaps}\n")
        with pytest.raises(ConfigError, match="factory"):
            await reached.reload()
        assert gateway.health.components["configuration"].state is HealthState.DEGRADED
        path.write_text(CONFIG)
        await reached.reload()
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0
    told = [one.message for one in caplog.records if one.message.startswith("configuration ")]
    assert told == [
        *["configuration in force"] * (len(told) - 2),
        "configuration refused",
        "configuration in force",
    ]
    assert len(told) > 2


async def test_pages_are_told_of_this_very_gateway(tmp_path: Path) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    def look(gateway: Gateway) -> None:
        control = ControlClient(tmp_path / "data")
        ((_, port),) = gateway.server.addresses
        assert (
            f'"127.0.0.1", {port})' in control.request("GET", "/api/v1/devices/pi/sketch")["text"]
        )
        assert control.request("GET", "/api/v1/devices/pi/frames") == {"last": 0, "frames": []}
        assert control.request("GET", "/api/v1/tls")["enabled"] is False
        assert control.request("GET", "/api/v1/settings")["file"] == str(path)
        path.write_text(CONFIG + "links: [{from: pi/V1, to: pi/V2}]\n")
        control.request("POST", "/api/v1/settings/reload")
        assert control.request("GET", "/api/v1/links") == {
            "links": [{"from": "pi/V1", "to": "pi/V2", "stopped": False}]
        }
        path.write_text("gpio: {factory: perhaps}\n")
        (fault,) = control.request("POST", "/api/v1/settings/check")["faults"]
        assert fault.startswith(f"{path}:1: gpio.factory: ")
        with pytest.raises(Refused, match=r"gpio\.factory"):
            control.request("POST", "/api/v1/settings/reload")

    async def ready(gateway: Gateway) -> None:
        await asyncio.to_thread(look, gateway)
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0


async def test_a_reload_goes_on_when_who_asked_for_it_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: Reached
) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(gateway: Gateway) -> None:
        assert reached.reload is not None
        begun, may_end, applied = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def apply(_options: Options) -> None:
            begun.set()
            await may_end.wait()
            applied.set()

        monkeypatch.setattr(gateway, "reload", apply)
        asking = asyncio.ensure_future(reached.reload())
        async with asyncio.timeout(PATIENCE_S):
            await begun.wait()
            asking.cancel()
            await asyncio.wait([asking])
            may_end.set()
            await applied.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0


async def test_a_reload_that_fails_by_a_fault_of_ours_is_told_to_who_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: Reached
) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(gateway: Gateway) -> None:
        async def fail(_options: Options) -> None:
            raise RuntimeError("not expected")

        assert reached.reload is not None
        monkeypatch.setattr(gateway, "reload", fail)
        with pytest.raises(ReloadFailed):
            await reached.reload()
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0


async def test_a_gateway_without_a_file_has_nothing_to_reload(
    tmp_path: Path, reached: Reached
) -> None:
    async def ready(_gateway: Gateway) -> None:
        assert reached.reload is None
        assert reached.restart is None
        os.kill(os.getpid(), signal.SIGTERM)

    options = load(config_at(tmp_path / "gateway.yaml"))
    assert await run_gateway(options, tmp_path / "data", ready=ready) == 0


async def test_a_restart_never_tells_the_service_manager_that_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: Reached
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())

        async def ready(_gateway: Gateway) -> None:
            assert reached.restart is not None
            await reached.restart()

        options = load(config_at(tmp_path / "gateway.yaml"))
        code = await run_gateway(options, tmp_path / "data", may_restart=True, ready=ready)
        assert code == RESTART
        told = [one.split("\n")[0] for one in datagrams(manager)]
        assert [one for one in told if one in STATES] == ["READY=1", "RELOADING=1"]
        assert told[0].startswith("EXTEND_TIMEOUT_USEC=")


async def test_no_restart_begins_with_a_faulty_file(tmp_path: Path, reached: Reached) -> None:
    path = config_at(tmp_path / "gateway.yaml")

    async def ready(_gateway: Gateway) -> None:
        assert reached.restart is not None
        path.write_text("gpio: {factory: perhaps}\n")
        with pytest.raises(ConfigError, match="factory"):
            await reached.restart()
        path.write_text(CONFIG)
        await reached.restart()

    code = await run_gateway(
        load(path), tmp_path / "data", config=path, may_restart=True, ready=ready
    )
    assert code == RESTART


async def test_a_signal_to_stop_goes_before_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    ending = Ending()
    ending.restart()
    ending.stop()
    assert (ending.asked.is_set(), ending.is_restart, codes) == (True, False, [])
    ending.restart()
    assert not ending.is_restart
    ending.stop()
    assert codes == [1]


async def test_the_service_manager_hears_that_nothing_hangs_and_how_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
        monkeypatch.setenv("WATCHDOG_USEC", "60000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        told: list[str] = []

        async def until_told(text: str, times: int = 1) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while sum(text in one for one in told) < times:
                    await asyncio.sleep(0.005)
                    told.extend(datagrams(manager))

        async def ready(gateway: Gateway) -> None:
            await until_told("READY=1\nSTATUS=0 devices, 0 online, ")
            told.clear()
            await until_told("WATCHDOG=1", times=3)
            gateway.health.report("mqtt", HealthState.DEGRADED, "the broker is away")
            await until_told("; mqtt degraded: the broker is away")
            async with gateway.journal.exclusive():
                await until_told("STATUS=")
                # One may be on its way.
                await asyncio.sleep(0.05)
                told[:] = []
                datagrams(manager)
                gateway.health.report("mqtt", HealthState.OK)
                await until_told(", backlog ")
                assert not any("WATCHDOG" in one for one in told)
            await until_told("WATCHDOG=1")
            os.kill(os.getpid(), signal.SIGTERM)

        options = load(config_at(tmp_path / "gateway.yaml"))
        assert await run_gateway(options, tmp_path / "data", ready=ready) == 0
        assert "STOPPING=1" in datagrams(manager)


async def test_a_signal_logs_everything_until_the_next_one_or_a_reload(tmp_path: Path) -> None:
    path = config_at(tmp_path / "gateway.yaml")
    before = logging.getLogger().level

    async def until_level(level: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while current_level() != level:  # noqa: ASYNC110  nothing signals it
                await asyncio.sleep(0.005)

    async def ready(_gateway: Gateway) -> None:
        set_level("info")
        for signals in ((signal.SIGUSR1, signal.SIGUSR1), (signal.SIGUSR1, signal.SIGHUP)):
            for number, level in zip(signals, ("debug", "info"), strict=True):
                os.kill(os.getpid(), number)
                await until_level(level)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0
    finally:
        logging.getLogger().setLevel(before)
