import asyncio
import logging

import pytest

from blynk_gateway.broker import retained as module
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.retained import Retained
from blynk_gateway.core.clock import SystemClock
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_S", 0.05)
    monkeypatch.setattr(module, "_PERIOD_S", 0.005)


async def _polled() -> None:
    """Let who waits look at the clock a few times."""
    await asyncio.sleep(4 * module._PERIOD_S)


async def test_live_and_empty_messages_are_left_out() -> None:
    retained = Retained(SystemClock())
    retained.take([Message("a", b"1", is_retained=True), Message("b", b"2")])
    retained.take([Message("c", b"", is_retained=True), Message("d", b"4", 1, is_retained=True)])
    assert await retained.wait() == {"a": b"1", "d": b"4"}


async def test_what_comes_slowly_is_waited_for() -> None:
    clock = FakeClock()
    retained = Retained(clock)
    waiting = asyncio.get_running_loop().create_task(retained.wait())
    for number in range(5):
        await _polled()
        clock.advance(module.QUIET_S * 0.9)
        await _polled()
        assert not waiting.done()
        retained.take([Message(str(number), b"1", is_retained=True)])
    await _polled()
    clock.advance(module.QUIET_S * 0.9)
    # Live ones are no reason to wait.
    retained.take([Message("live", b"1")])
    clock.advance(module.QUIET_S * 0.2)
    assert len(await waiting) == 5


async def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COLLECT_S", 0.1)
    retained = Retained(SystemClock())
    waiting = asyncio.get_running_loop().create_task(retained.wait())
    async with asyncio.timeout(PATIENCE_S):
        while not waiting.done():
            retained.take([Message("a", b"1", is_retained=True)])
            await asyncio.sleep(0.01)
    assert await waiting == {"a": b"1"}


async def test_too_much_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "COLLECT_BYTES", 10)
    retained = Retained(SystemClock())
    retained.take([Message("a", b"1" * 9, is_retained=True), Message("b", b"1", is_retained=True)])
    with caplog.at_level(logging.WARNING):
        assert await retained.wait() == {"a": b"1" * 9}
    assert "too much retained" in caplog.messages
