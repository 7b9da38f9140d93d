import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gpiozero.boards
import pytest

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.outputs import EnergenieOptions, OutputOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.energenie import Energenie
from blynk_gateway.gpio.outputs.output import Output
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig
from tests.helpers.patience import PATIENCE_S

CODE = (17, 22, 23, 27)
MODE, TRANSMIT = 24, 25
PIN = "V1"

# Four bits for each command, the lowest first: three for the socket, one for on.
OFF_1, ON_1, OFF_2, ON_2 = (1, 1, 1, 0), (1, 1, 1, 1), (0, 1, 1, 0), (0, 1, 1, 1)


class Air:
    """What goes over the air. gpiozero's sleeps end at once, unless it is closed for a while.

    Attributes:
        sent: the code on the lines whenever the transmitter is on.
        threads: names of the threads that sent.
    """

    def __init__(self, rig: Rig) -> None:
        self.sent: list[tuple[int, ...]] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self._rig = rig
        self._open = threading.Event()
        self._open.set()

    def sleep(self, _seconds: float) -> None:
        if self.error is not None:
            raise self.error
        self.threads.add(threading.current_thread().name)
        if self._rig.pin(TRANSMIT).state:
            self.sent.append(tuple(int(self._rig.pin(line).state) for line in CODE))
            assert self._rig.pin(MODE).state == 0
            assert self._open.wait(PATIENCE_S)

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def air(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Air:
    air = Air(rig)
    monkeypatch.setattr(gpiozero.boards, "sleep", air.sleep)
    return air


@pytest.fixture
def make(rig: Rig, tmp_path: Path) -> Callable[..., Energenie]:
    safety = Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))

    def make(socket: int = 1, **options: object) -> Energenie:
        given: dict[str, Any] = {"name": f"lamp{socket}", "type": "energenie"}
        given |= {"pin": f"V{socket}", "socket": socket} | options
        return Energenie(EnergenieOptions(**given), rig.host, safety)

    return make


def switch(rig: Rig, lamp: Energenie, value: str) -> None:
    lamp.command(rig.command(lamp.options.pin, value))


async def test_a_socket_is_told_to_be_off_at_the_start_and_at_the_stop(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    lamp.open(Opening.START)
    # It has been told nothing yet.
    assert lamp.actual == ()
    await rig.reached(lambda: lamp.actual == ("0",))
    switch(rig, lamp, "1")
    await rig.reached(lambda: lamp.actual == ("1",))
    await lamp.close()
    await lamp.close()
    assert air.sent == [OFF_1, ON_1, OFF_1]
    assert lamp.actual == ()
    assert all(rig.pin(line).function == "input" for line in (*CODE, MODE, TRANSMIT))


async def test_the_loop_runs_on_while_a_socket_is_told(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    air.close()
    lamp.open(Opening.START)
    # Were the loop blocked, this would not come to an end.
    await rig.reached(lambda: air.sent == [OFF_1])
    await rig.settled()
    air.open()
    await lamp.close()
    assert threading.main_thread().name not in air.threads


async def test_the_newest_command_is_what_a_socket_is_told(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    air.close()
    lamp.open(Opening.START)
    await rig.reached(lambda: air.sent == [OFF_1])
    for value in ["1", "0", "1", "0", "1"]:
        switch(rig, lamp, value)
    air.open()
    await rig.reached(lambda: lamp.actual == ("1",))
    assert air.sent == [OFF_1, ON_1]
    await lamp.close()


async def test_one_socket_at_a_time_is_told(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    first, second = make(1), make(2)
    air.close()
    first.open(Opening.START)
    second.open(Opening.START)
    await rig.reached(lambda: bool(air.sent))
    await rig.settled()
    assert air.sent == [OFF_1]
    air.open()
    await rig.reached(lambda: second.actual == ("0",))
    switch(rig, second, "1")
    switch(rig, first, "1")
    await rig.reached(lambda: first.actual == second.actual == ("1",))
    assert air.sent == [OFF_1, OFF_2, ON_2, ON_1]
    await first.close()
    # The board is there for the other one.
    switch(rig, second, "0")
    await rig.reached(lambda: second.actual == ("0",))
    await second.close()
    assert air.sent[4:] == [OFF_1, OFF_2, OFF_2]


async def test_the_same_command_again_is_told_again(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make(on_start=Level.ON)
    lamp.open(Opening.START)
    await rig.reached(lambda: lamp.actual == ("1",))
    switch(rig, lamp, "1")
    await rig.reached(lambda: len(air.sent) == 2)
    assert air.sent == [ON_1, ON_1]
    await lamp.close()


async def test_toggle_goes_by_what_was_told(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    lamp.open(Opening.START)
    switch(rig, lamp, "toggle")
    await rig.reached(lambda: lamp.actual == ("1",))
    assert rig.value(PIN) == ("1",)
    await lamp.close()


@pytest.mark.parametrize(
    ("stored", "policy", "sent"),
    [
        ("1", Level.LAST, [ON_1]),
        ("0", Level.LAST, [OFF_1]),
        ("1", Level.ON, [ON_1]),
        ("1", Level.OFF, [OFF_1]),
        # It keeps what it has without us.
        ("1", Level.KEEP, []),
        ("0", Level.KEEP, []),
        (None, Level.KEEP, []),
    ],
)
async def test_a_socket_begins_as_it_was_asked_to(
    rig: Rig,
    air: Air,
    make: Callable[..., Energenie],
    stored: str | None,
    policy: Level,
    sent: list[tuple[int, ...]],
) -> None:
    if stored is not None:
        rig.store.write(rig.host.slug, PIN, (stored,), Origin(OriginKind.RESTORE), Intent.SYNC)
    lamp = make(on_start=policy, on_stop=Level.KEEP)
    lamp.open(Opening.START)
    told_at_once = lamp.actual
    await lamp.close()
    assert air.sent == sent
    assert told_at_once == ((stored,) if policy is Level.KEEP and stored else ())


async def test_after_a_crash_the_policy_for_crashes_counts(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make(on_start=Level.ON, on_crash=Level.KEEP, on_stop=Level.KEEP)
    lamp.open(Opening.CRASH)
    await lamp.close()
    assert air.sent == []
    lamp.open(Opening.START)
    await lamp.close()
    assert air.sent == [ON_1]


@pytest.mark.parametrize("value", ["2", "0.5", "on", "", "blink", "pulse"])
async def test_nonsense_is_refused_and_nothing_sent(
    rig: Rig, air: Air, make: Callable[..., Energenie], value: str
) -> None:
    lamp = make()
    lamp.open(Opening.START)
    await rig.reached(lambda: air.sent == [OFF_1])
    with pytest.raises(InvalidValue, match="V1 was given"):
        switch(rig, lamp, value)
    await rig.settled()
    assert air.sent == [OFF_1]
    await lamp.close()


async def test_a_board_that_fails_is_a_fault_and_the_pin_says_what_was_told(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    lamp.open(Opening.START)
    await rig.reached(lambda: lamp.actual == ("0",))
    air.error = OSError("gone")
    switch(rig, lamp, "1")
    await rig.reached(lambda: bool(rig.failures))
    assert [(name, str(error)) for name, error in rig.failures] == [("lamp1", "gone")]
    assert rig.value(PIN) == ("0",)
    with pytest.raises(OSError, match="gone"):
        await lamp.close()
    assert rig.pin(TRANSMIT).function == "input"


async def test_a_board_that_fails_at_once_says_nothing_of_the_socket(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make(on_start=Level.ON, on_stop=Level.KEEP)
    air.error = OSError("gone")
    lamp.open(Opening.START)
    await rig.reached(lambda: bool(rig.failures))
    assert lamp.actual == ()
    with pytest.raises(OSError, match="gone"):
        await lamp.close()


async def test_a_stop_that_could_not_be_told_is_an_error(
    rig: Rig, air: Air, make: Callable[..., Energenie]
) -> None:
    lamp = make()
    lamp.open(Opening.START)
    await rig.reached(lambda: lamp.actual == ("0",))
    air.error = OSError("gone")
    with pytest.raises(OSError, match="gone"):
        await lamp.close()
    await lamp.close()
    assert rig.pin(TRANSMIT).function == "input"


async def test_a_line_in_use_is_an_error_and_leaves_nothing_claimed(
    rig: Rig, air: Air, make: Callable[..., Energenie], tmp_path: Path
) -> None:
    safety = Safety(rig.clock, GpioMemory(tmp_path / "other.json", rig.clock))
    relay = OutputOptions(name="pump", type="relay", pin="V9", line=MODE)
    pump = Output(relay, rig.host, safety)
    pump.open(Opening.START)
    lamp = make()
    with pytest.raises(rig.host.errors):
        lamp.open(Opening.START)
    await lamp.close()
    assert air.sent == []
    await pump.close()
    lamp.open(Opening.START)
    await rig.reached(lambda: lamp.actual == ("0",))
    await lamp.close()
