from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.lines.factory import close_board
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.outputs.output import Output
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety
from tests.helpers.gpio import Rig
from tests.helpers.kernel_gpio import FakeKernel

LINE = 17
OTHER = 27


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(SystemClock()) as rig:
        yield rig


@pytest.fixture
def safety(rig: Rig, tmp_path: Path) -> Safety:
    return Safety(rig.clock, GpioMemory(tmp_path / "gpio.json", rig.clock))


def relay(rig: Rig, safety: Safety, **options: object) -> Output:
    given: dict[str, Any] = {"name": "pump", "type": "relay", "pin": "V1", "line": LINE}
    return Output(OutputOptions(**(given | options)), rig.host, safety)


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("opening", list(Opening))
@pytest.mark.parametrize(
    ("level", "is_on"),
    [(Level.OFF, False), (Level.ON, True), (Level.LAST, True), (Level.KEEP, True)],
)
async def test_a_relay_begins_as_its_policy_says_and_never_clicks(
    rig: Rig, safety: Safety, level: Level, is_on: bool, opening: Opening, active_high: bool
) -> None:
    rig.command("V1", "1")
    wanted = int(is_on == active_high)
    rig.drive(LINE, wanted)
    rig.pin(LINE).clear_states()
    pump = relay(rig, safety, on_start=level, active_high=active_high)
    pump.open(opening)
    assert rig.pin(LINE).function == "output"
    # Nothing but the one level since before it was claimed.
    assert rig.states(LINE) == [wanted]
    assert rig.value("V1") == (("1",) if is_on else ("0",))
    await pump.close()


async def test_commands_switch_it(rig: Rig, safety: Safety) -> None:
    pump = relay(rig, safety, active_high=False)
    pump.open(Opening.START)
    levels = [rig.level(LINE)]
    for value in ("1", "0", "1.0"):
        pump.command(rig.command("V1", value))
        levels.append(rig.level(LINE))
    assert levels == [1, 0, 1, 0]
    assert pump.actual == ("1",)
    await pump.close()


@pytest.mark.parametrize("value", [("0.5",), ("2",), ("on",), ("fade", "1"), ("1", "1")])
async def test_what_is_neither_on_nor_off_is_refused(
    rig: Rig, safety: Safety, value: tuple[str, ...]
) -> None:
    pump = relay(rig, safety)
    pump.open(Opening.START)
    with pytest.raises(InvalidValue, match="V1 was given"):
        pump.command(rig.command("V1", *value))
    assert rig.level(LINE) == 0
    await pump.close()


async def test_effects_switch_the_line(rig: Rig, safety: Safety) -> None:
    pump = relay(rig, safety)
    pump.open(Opening.START)
    pump.command(rig.command("V1", "blink", "10", "10", "2"))
    await rig.reached(lambda: not pump.is_active)
    assert rig.states(LINE) == [0, 1, 0, 1, 0]
    assert rig.values("V1") == ["0", "1", "0"]
    await pump.close()


@pytest.mark.parametrize("active_high", [True, False])
async def test_a_stop_drives_the_safe_level_before_the_line_becomes_an_input(
    rig: Rig, safety: Safety, active_high: bool
) -> None:
    pump = relay(rig, safety, on_start=Level.ON, active_high=active_high)
    pump.open(Opening.START)
    pump_off = float(not active_high)
    await pump.close()
    assert pump_off in rig.states(LINE)
    assert rig.pin(LINE).function == "input"
    await pump.close()


@pytest.mark.parametrize("level", [Level.KEEP, Level.ON])
async def test_a_line_that_shall_stay_on_does_so_past_the_end(
    rig: Rig, safety: Safety, level: Level
) -> None:
    pump = relay(rig, safety, on_start=Level.ON, on_stop=level)
    pump.open(Opening.START)
    pin = rig.pin(LINE)
    await pump.close()
    del pump
    close_board(rig.board)
    assert (pin.function, pin.state) == ("output", 1)


async def test_a_reload_of_a_kept_line_changes_nothing(rig: Rig, safety: Safety) -> None:
    first = relay(rig, safety, on_start=Level.KEEP, on_stop=Level.KEEP)
    first.open(Opening.START)
    first.command(rig.command("V1", "1"))
    states = rig.states(LINE)
    await first.close()
    second = relay(rig, safety, on_start=Level.KEEP)
    second.open(Opening.START)
    assert rig.states(LINE) == states
    assert second.actual == ("1",)
    await second.close()


async def test_a_line_that_does_not_do_as_told_is_reported_as_it_is(
    rig: Rig, safety: Safety, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = relay(rig, safety)
    pump.open(Opening.START)

    def refuse(pin: object, value: float) -> None:
        raise OSError(5, "Input/output error")

    change = rig.command("V1", "1")
    with monkeypatch.context() as patch:
        patch.setattr(type(rig.pin(LINE)), "_set_state", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            pump.command(change)
    report = rig.reports("V1")[-1]
    assert (report.value, report.cause) == (("0",), change.seq)
    assert pump.actual == ("0",)
    await pump.close()


async def test_two_relays_of_an_interlock_are_never_both_on(rig: Rig, safety: Safety) -> None:
    history: list[tuple[int, float]] = []
    for line in (LINE, OTHER):
        pin = rig.pin(line)

        def change(state: float, line: int = line, original: Any = pin._change_state) -> bool:  # noqa: ANN401  gpiozero's own
            history.append((line, state))
            return bool(original(state))

        pin._change_state = change
    group: dict[str, object] = {"interlock": "blind", "interlock_wait_ms": 10}
    up = relay(rig, safety, name="up", **group)
    down = relay(rig, safety, name="down", pin="V2", line=OTHER, **group)
    up.open(Opening.START)
    down.open(Opening.START)
    for value in (["1"], ["blink", "10", "10"], ["pulse", "20"], ["toggle"], ["1"]):
        up.command(rig.command("V1", *value))
        await rig.reached(lambda: bool(rig.level(LINE)))
        down.command(rig.command("V2", *value))
        await rig.reached(lambda: bool(rig.level(OTHER)))
    on = dict.fromkeys((LINE, OTHER), 0.0)
    for line, state in history:
        on[line] = state
        assert sum(on.values()) <= 1, history
    assert len(history) > 20
    await up.close()
    await down.close()


async def test_a_relay_goes_off_after_its_longest_time(rig: Rig, safety: Safety) -> None:
    pump = relay(rig, safety, max_on_ms=30)
    pump.open(Opening.START)
    pump.command(rig.command("V1", "1"))
    await rig.reached(lambda: rig.value("V1") == ("0",))
    assert rig.level(LINE) == 0
    await pump.close()


async def test_a_line_that_is_taken_is_a_fault(rig: Rig, safety: Safety) -> None:
    first = relay(rig, safety)
    first.open(Opening.START)
    second = relay(rig, safety, name="again", pin="V2")
    with pytest.raises(rig.host.errors):
        second.open(Opening.START)
    assert second.actual == ()
    await second.close()
    await first.close()
    second.open(Opening.START)
    await second.close()


@pytest.fixture
def kernel(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeKernel]:
    """Lines of lgpio's board, which outputs get from the kernel itself."""
    kernel = FakeKernel(monkeypatch, tmp_path_factory.mktemp("dev"))
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    rig.host.use_board(replace(rig.board, factory=Factory.LGPIO, chip=kernel.path, simulation=None))
    yield kernel
    kernel.close()


@pytest.mark.parametrize("active_high", [True, False])
async def test_with_lgpio_the_kernel_holds_the_line_until_it_is_given_up(
    rig: Rig, safety: Safety, kernel: FakeKernel, active_high: bool
) -> None:
    pump = relay(rig, safety, active_high=active_high)
    pump.open(Opening.START)
    pump.command(rig.command("V1", "1"))
    assert pump.actual == ("1",)
    on = int(active_high)
    assert kernel.driven == [(LINE, 1 - on), (LINE, on)]
    await pump.close()
    assert kernel.driven[2:] == [(LINE, 1 - on)]
    assert kernel.open_lines() == []


@pytest.mark.parametrize("active_high", [True, False])
async def test_with_lgpio_a_line_that_is_kept_is_taken_up_as_it_is(
    rig: Rig, safety: Safety, kernel: FakeKernel, active_high: bool
) -> None:
    options: dict[str, object] = {
        "on_start": Level.KEEP,
        "on_stop": Level.KEEP,
        "active_high": active_high,
    }
    first = relay(rig, safety, **options)
    first.open(Opening.START)
    first.command(rig.command("V1", "1"))
    await first.close()
    assert kernel.open_lines() == [LINE]
    claims = len(kernel.requests)
    second = relay(rig, safety, **options)
    second.open(Opening.START)
    assert second.actual == ("1",)
    assert len(kernel.requests) == claims
    assert kernel.levels[LINE] == int(active_high)
    await second.close()


async def test_with_lgpio_a_line_that_cannot_be_driven_is_a_fault(
    rig: Rig, safety: Safety, kernel: FakeKernel
) -> None:
    pump = relay(rig, safety)
    pump.open(Opening.START)
    kernel.levels[LINE] = None
    with pytest.raises(OSError, match="Input/output error"):
        pump.command(rig.command("V1", "1"))
    kernel.levels[LINE] = 0
    await pump.close()
