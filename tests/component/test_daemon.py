"""The process around the gateway: signals, readiness, reload."""

import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from blynk_gateway.config import Options, load
from blynk_gateway.daemon import SWITCH_INTERVAL_S, run_gateway, tune_interpreter
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime.health import HealthState

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


def test_loop_waits_for_threads_no_longer_than_it_must() -> None:
    interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    try:
        tune_interpreter()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        assert gc.get_threshold()[0] > thresholds[0]
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
        async with asyncio.timeout(10):
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
        async with asyncio.timeout(10):
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
            async with asyncio.timeout(10):
                while "task failed" not in caplog.messages:  # noqa: ASYNC110  nothing signals it
                    await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(10):
            while "configuration" not in gateway.health.components:  # noqa: ASYNC110  likewise
                await asyncio.sleep(0.005)
        os.kill(os.getpid(), signal.SIGTERM)

    assert await run_gateway(load(path), tmp_path / "data", config=path, ready=ready) == 0
