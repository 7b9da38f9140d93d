"""The adapter with a core of its own, on simulated pins."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.config.gpio.common import Level, PeripheralOptions
from blynk_gateway.config.gpio.datastreams import implied_datastreams
from blynk_gateway.config.gpio.inputs import InputOptions
from blynk_gateway.config.gpio.options import AnalogOptions, Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.config.gpio.sensors import Gauge, SystemOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import GpioUnavailable
from blynk_gateway.gpio import adapter as adapter_module
from blynk_gateway.gpio.adapter import GpioAdapter, needs_board
from blynk_gateway.gpio.lines import factory as factory_module
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import trusted
from tests.helpers.descriptor_store import DescriptorStore, close_copies
from tests.helpers.kernel_gpio import FakeKernel
from tests.helpers.patience import PATIENCE_S

PERSON = Origin(OriginKind.API, "person")
PUMP = OutputOptions(name="pump", type="relay", pin="V1", line=17, on_start=Level.LAST)
DOOR = InputOptions(name="door", type="input", pin="V3", line=27)
LOAD = SystemOptions(name="load", type=Gauge.CPU_LOAD, pin="V4")
OPTIONS = GpioOptions(
    factory=Factory.MOCK,
    direct=(5, 6),
    analog=AnalogOptions("mcp3008"),
    peripherals={"pump": PUMP, "door": DOOR},
)


class Pi:
    """What `gateway.py` does with the adapter."""

    def __init__(self, data_dir: Path, descriptors: Descriptors | None = None) -> None:
        clock = SystemClock()
        self.parts = Parts.new(clock, Zone.of("UTC"), trusted(clock), descriptors)
        self.adapter = GpioAdapter(self.parts, data_dir, self.declare)
        self.options = GpioOptions()
        self.slug = "pi"

    def declare(self) -> None:
        definition = DeviceDefinition(
            self.slug,
            "Pi",
            "token",
            DeviceSource.GATEWAY,
            datastreams=implied_datastreams(self.options),
            open_pins=self.adapter.open_pins_of(self.options),
        )
        registry = self.parts.registry
        (registry.redefine if registry.find(self.slug) else registry.add)(definition, PERSON)

    async def start(self, options: GpioOptions) -> None:
        self.options = options
        await self.adapter.prepare(options)
        self.declare()
        self.adapter.listen("pi")
        await self.adapter.start()

    async def reload(self, options: GpioOptions) -> None:
        self.options = options
        self.declare()
        await self.adapter.reconfigure(options, self.slug)
        self.declare()

    def command(self, pin: str, value: str) -> None:
        self.parts.store.write(self.slug, pin, (value,), PERSON, Intent.COMMAND)

    def value(self, pin: str) -> tuple[str, ...]:
        state = self.parts.store.find(self.slug, pin)
        return () if state is None else state.value

    def level(self, line: int) -> int:
        simulation = self.adapter.simulation
        assert simulation is not None
        return simulation.lines()[line].level

    @property
    def health(self) -> tuple[HealthState, str]:
        return self.parts.health.components["gpio"]


@asynccontextmanager
async def running(data_dir: Path, options: GpioOptions) -> AsyncIterator[Pi]:
    pi = Pi(data_dir)
    await pi.start(options)
    try:
        yield pi
    finally:
        await pi.adapter.stop()


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.002)


async def test_commands_drive_peripherals_and_direct_pins(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        pi.command("V1", "1")
        pi.command("D5", "1")
        await reached(lambda: (pi.level(17), pi.level(5)) == (1, 1))
        assert pi.health == (HealthState.OK, "")


async def test_a_mode_is_obeyed_before_the_value_behind_it(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        pi.parts.store.set_mode("pi", "D6", DirectPin(PinMode.PWM), PERSON)
        pi.command("D6", "255")
        assert pi.adapter.simulation is not None
        line = pi.adapter.simulation.lines
        await reached(lambda: line()[6].duty == 1.0)
        assert line()[6].user == "D6"
        assert line()[17].user == "pump"


async def test_edges_become_reports_that_do_not_come_back_as_commands(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        assert pi.adapter.simulation is not None
        pi.adapter.simulation.drive(27, True)
        await reached(lambda: pi.value("V3") == ("1",))


async def test_the_state_names_everything(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        state = pi.adapter.state()
        assert (state.factory, state.fault) == ("mock", "")
        assert state.open_pins == ("D5", "D6", *(f"A{channel}" for channel in range(8)))
        assert [one.name for one in state.peripherals] == ["pump", "door"]


async def test_a_direct_pin_is_read_on_demand(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        assert pi.adapter.simulation is not None
        pi.adapter.simulation.drive(6, True)
        assert await pi.adapter.read_pin("pi", "D6")
        assert pi.value("D6") == ("1",)


async def test_nothing_is_loaded_when_nothing_is_used(tmp_path: Path) -> None:
    async with running(tmp_path, GpioOptions()) as pi:
        assert pi.adapter.state() == ("none", "", "", (), ())
        assert pi.health == (HealthState.OK, "")
        assert not await pi.adapter.read_pin("pi", "D6")


@pytest.mark.parametrize(
    ("options", "is_needed"),
    [
        (GpioOptions(), False),
        (GpioOptions(factory=Factory.NONE, direct=(5,)), False),
        (GpioOptions(peripherals={"load": LOAD}), False),
        (GpioOptions(peripherals={"door": DOOR}), True),
        (GpioOptions(direct=(5,)), True),
        (GpioOptions(direct=None), True),
        (GpioOptions(analog=AnalogOptions("mcp3008")), True),
    ],
)
def test_a_back_end_is_needed_for_lines(options: GpioOptions, is_needed: bool) -> None:
    assert needs_board(options) == is_needed


async def test_without_a_back_end_the_rest_works_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = factory_module.open_board

    def refuse(factory: Factory) -> None:
        raise GpioUnavailable("no chip of a Raspberry Pi was found")

    monkeypatch.setattr(factory_module, "open_board", refuse)
    monkeypatch.setattr(adapter_module, "FIRST_RETRY_S", 0.01)
    options = GpioOptions(
        factory=Factory.MOCK, direct=(5,), peripherals={"pump": PUMP, "load": LOAD}
    )
    async with running(tmp_path, options) as pi:
        state, detail = pi.health
        assert state is HealthState.FAILED
        assert "no chip of a Raspberry Pi was found" in detail
        assert pi.adapter.state().open_pins == ()
        assert pi.adapter.simulation is None
        await reached(lambda: pi.value("V4") != ())
        monkeypatch.setattr(factory_module, "open_board", real)
        await reached(lambda: pi.health == (HealthState.OK, ""))
        pi.command("V1", "1")
        pi.command("D5", "1")
        await reached(lambda: (pi.level(17), pi.level(5)) == (1, 1))


async def test_a_reload_touches_only_what_changed(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        pi.command("V1", "1")
        pi.command("D5", "1")
        await reached(lambda: (pi.level(17), pi.level(5)) == (1, 1))
        await pi.reload(GpioOptions(factory=Factory.MOCK, direct=(5,), peripherals={"pump": PUMP}))
        assert (pi.level(17), pi.level(5)) == (1, 1)
        assert pi.adapter.state().open_pins == ("D5",)
        assert [one.name for one in pi.adapter.state().peripherals] == ["pump"]


async def test_a_reload_can_make_a_direct_line_a_peripheral(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        pi.command("D5", "1")
        await reached(lambda: pi.level(5) == 1)
        lamp = OutputOptions(name="lamp", type="led", pin="V9", line=5)
        await pi.reload(GpioOptions(factory=Factory.MOCK, direct=(6,), peripherals={"lamp": lamp}))
        assert pi.health == (HealthState.OK, "")
        pi.command("V9", "1")
        await reached(lambda: pi.level(5) == 1)


async def test_a_reload_can_take_the_back_end_away_and_bring_it_back(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        await pi.reload(GpioOptions(factory=Factory.NONE, peripherals={"load": LOAD}))
        assert pi.adapter.state().factory == "none"
        assert pi.health == (HealthState.OK, "")
        await pi.reload(OPTIONS)
        pi.command("V1", "1")
        await reached(lambda: pi.level(17) == 1)


async def test_a_fault_is_told_by_health(tmp_path: Path) -> None:
    rival = OutputOptions(name="rival", type="relay", pin="V2", line=17)
    options = GpioOptions(factory=Factory.MOCK, peripherals={"pump": PUMP, "rival": rival})
    async with running(tmp_path, options) as pi:
        state, detail = pi.health
        assert state is HealthState.DEGRADED
        assert detail.startswith("rival: ")


async def test_a_stop_leaves_outputs_as_they_shall_be_and_their_values_as_they_were(
    tmp_path: Path,
) -> None:
    pi = Pi(tmp_path)
    await pi.start(OPTIONS)
    pi.command("V1", "1")
    await reached(lambda: pi.level(17) == 1)
    simulation = pi.adapter.simulation
    assert simulation is not None
    await pi.adapter.stop()
    await pi.adapter.stop()
    assert simulation.lines()[17].level == 0
    # `on_start: last` finds what was commanded.
    assert pi.value("V1") == ("1",)


async def test_a_line_that_was_on_is_off_when_it_is_opened_again(tmp_path: Path) -> None:
    closed = GpioOptions(factory=Factory.MOCK, direct=(6,))
    async with running(tmp_path, OPTIONS) as pi:
        pi.command("D5", "1")
        await reached(lambda: pi.level(5) == 1)
        await pi.reload(closed)
        assert pi.value("D5") == ("0",)
        await pi.reload(OPTIONS)
        assert (pi.level(5), pi.value("D5")) == (0, ("0",))


async def test_a_line_that_was_closed_meanwhile_is_off(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.declare()
    pi.parts.store.restore_mode("pi", "D5", DirectPin(PinMode.OUT))
    pi.parts.store.write("pi", "D5", ("1",), PERSON, Intent.SYNC)
    await pi.start(GpioOptions(factory=Factory.MOCK, direct=(6,)))
    assert pi.value("D5") == ("0",)
    await pi.adapter.stop()


async def test_without_a_back_end_a_line_keeps_its_value(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.declare()
    pi.parts.store.restore_mode("pi", "D5", DirectPin(PinMode.OUT))
    pi.parts.store.write("pi", "D5", ("1",), PERSON, Intent.SYNC)
    await pi.start(GpioOptions(factory=Factory.NONE, direct=(5,)))
    assert pi.value("D5") == ("1",)
    await pi.adapter.stop()


async def test_an_error_that_nobody_expected_costs_no_other_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))

        def fail(*_: object) -> None:
            raise KeyError("a bug")

        assert pi.adapter._direct is not None
        monkeypatch.setattr(pi.adapter._direct, "command", fail)
        pi.command("D5", "1")
        pi.command("V1", "1")
        await reached(lambda: pi.level(17) == 1)
        assert len(complaints) == 1


async def test_peripherals_go_on_under_another_slug(tmp_path: Path) -> None:
    async with running(tmp_path, OPTIONS) as pi:
        pi.command("V1", "1")
        pi.command("D5", "1")
        await reached(lambda: (pi.level(17), pi.level(5)) == (1, 1))
        board = pi.adapter._board
        assert board is not None
        before = len(board.pin_factory.pin(17).states)
        pi.parts.registry.remove("pi", PERSON)
        pi.slug = "shed"
        await pi.reload(OPTIONS)
        assert len(board.pin_factory.pin(17).states) == before
        assert (pi.level(17), pi.value("V1")) == (1, ("1",))
        assert (pi.level(5), pi.value("D5")) == (0, ())
        pi.command("V1", "0")
        pi.command("D5", "1")
        await reached(lambda: (pi.level(17), pi.level(5)) == (0, 1))


async def test_commands_that_come_before_the_lines_are_open_are_obeyed_then(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.options = OPTIONS
    await pi.adapter.prepare(OPTIONS)
    pi.declare()
    pi.adapter.listen("pi")
    pi.command("V1", "1")
    pi.command("D5", "1")
    await asyncio.sleep(0)
    await pi.adapter.start()
    await reached(lambda: (pi.level(17), pi.level(5)) == (1, 1))
    assert pi.value("V1") == ("1",)
    await pi.adapter.stop()


async def test_a_stop_is_no_news_of_health(tmp_path: Path) -> None:
    rival = OutputOptions(name="rival", type="relay", pin="V2", line=17)
    options = GpioOptions(factory=Factory.MOCK, peripherals={"pump": PUMP, "rival": rival})
    async with running(tmp_path, options) as pi:
        before = pi.health
    assert pi.health == before


async def test_a_back_end_that_is_opened_too_late_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    closed: list[object] = []
    real_open: Any = factory_module.open_board
    real_close: Any = factory_module.close_board

    def slow(factory: Factory) -> object:
        may_go_on.wait(PATIENCE_S)
        return real_open(factory)

    def close(board: object) -> None:
        closed.append(board)
        real_close(board)

    monkeypatch.setattr(factory_module, "open_board", slow)
    monkeypatch.setattr(factory_module, "close_board", close)
    preparing = asyncio.create_task(Pi(tmp_path).adapter.prepare(OPTIONS))
    await asyncio.sleep(0)
    preparing.cancel()
    may_go_on.set()
    await reached(lambda: len(closed) == 1)


@pytest.fixture
def kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeKernel]:
    """A kernel with the lines of lgpio's board, which is the one that is opened."""
    kernel = FakeKernel(monkeypatch, tmp_path_factory.mktemp("dev"))
    kernel.add_chip(0, "pinctrl-bcm2711", 58)

    def open_board(_: Factory) -> Board:
        # Nothing in these tests is the library's own.
        library: Any = SimpleNamespace(close=lambda: None, pins={})
        return Board(Factory.LGPIO, library, kernel.path, "pinctrl-bcm2711", (OSError,))

    monkeypatch.setattr(adapter_module, "_open_board", open_board)
    yield kernel
    kernel.close()


def held(name: str, line: int, **policies: Any) -> OutputOptions:  # noqa: ANN401  of each its own
    return OutputOptions(name=name, type="relay", pin=f"V{line}", line=line, **policies)


def lgpio(*outputs: PeripheralOptions) -> GpioOptions:
    return GpioOptions(
        factory=Factory.LGPIO, direct=(), peripherals={one.name: one for one in outputs}
    )


async def test_outputs_stay_as_they_are_from_a_daemon_that_died_to_the_next(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = held("pump", 17, on_start=Level.KEEP)
    heat = held("heat", 22, on_start=Level.KEEP, on_crash=Level.OFF)
    lamp = held("lamp", 23)
    gone = held("gone", 24)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        first = Pi(tmp_path, store.descriptors())
        await first.start(lgpio(pump, heat, lamp, gone))
        for output in (pump, heat, lamp, gone):
            first.command(output.pin, "1")
        await reached(lambda: all(kernel.levels[line] for line in (17, 22, 23, 24)))
        await store.told()
        close_copies(first.parts.descriptors)
        for descriptor in first.adapter._host.held._held.values():
            os.close(descriptor)
        assert kernel.open_lines() == [17, 22, 23, 24]
        claims = len(kernel.requests)

        second = Pi(tmp_path, store.descriptors())
        door = InputOptions(name="door", type="input", pin="V23", line=23)
        await second.start(lgpio(pump, heat, door))
        assert second.health == (HealthState.OK, "")
        assert (second.value("V17"), second.value("V22")) == (("1",), ("0",))
        assert (kernel.levels[17], kernel.levels[22]) == (1, 0)
        # Only the door is claimed.
        assert [line for line, *_ in kernel.requests[claims:]] == [23]
        assert kernel.open_lines() == [17, 22, 23]

        await second.adapter.stop()
        assert (kernel.levels[17], kernel.levels[22]) == (0, 0)
        # Low, and held by whoever starts the next one.
        assert kernel.open_lines() == [17, 22]
        close_copies(second.parts.descriptors)
        for descriptor in second.adapter._host.held._held.values():
            os.close(descriptor)


async def test_a_kept_output_that_becomes_something_else_makes_room_for_it(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = held("pump", 17, on_stop=Level.KEEP)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(lgpio(pump))
        await store.told()
        await pi.reload(lgpio(held("other", 22)))
        assert kernel.open_lines() == [17, 22]
        await pi.reload(lgpio(InputOptions(name="door", type="input", pin="V3", line=17)))
        assert pi.health == (HealthState.OK, "")
        assert [line for line, *_ in kernel.requests] == [17, 22, 17]
        assert store.stored == {}
        await pi.adapter.stop()
        assert kernel.open_lines() == []


@pytest.mark.parametrize("factory", [Factory.NONE, Factory.MOCK])
async def test_without_the_back_end_that_drives_it_no_line_is_held(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, factory: Factory
) -> None:
    pump = held("pump", 17, on_stop=Level.KEEP)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(lgpio(pump))
        await store.told()
        assert kernel.open_lines() == [17]
        monkeypatch.setattr(adapter_module, "_open_board", factory_module.open_board)
        await pi.reload(GpioOptions(factory=factory, direct=(), peripherals={"pump": pump}))
        assert (kernel.open_lines(), store.stored) == ([], {})
        await pi.adapter.stop()


async def test_a_line_is_held_while_its_back_end_cannot_be_opened(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = held("pump", 17, on_start=Level.KEEP)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        await started_and_dead(tmp_path, store, pump)
        claims = len(kernel.requests)
        works = adapter_module._open_board

        def open_board(_: Factory) -> Board:
            raise GpioUnavailable("not now")

        monkeypatch.setattr(adapter_module, "_open_board", open_board)
        monkeypatch.setattr(adapter_module, "FIRST_RETRY_S", 0.01)
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(GpioOptions(factory=Factory.AUTO, direct=(), peripherals={"pump": pump}))
        assert (kernel.open_lines(), kernel.levels[17]) == ([17], 1)
        monkeypatch.setattr(adapter_module, "_open_board", works)
        await reached(lambda: pi.health[0] is HealthState.OK)
        assert len(kernel.requests) == claims
        await pi.adapter.stop()
        close_all(pi)


async def test_a_start_that_fails_leaves_nothing_on_that_nobody_would_end(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = held("limited", 17, on_start=Level.LAST, max_on_ms=60_000)
    safe = held("safe", 22, active_high=False)
    crash = held("crash", 23, on_start=Level.LAST, on_crash=Level.OFF)
    kept = held("kept", 24, on_start=Level.LAST)
    outputs = (limited, safe, crash, kept)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(lgpio(*outputs))
        for output in outputs:
            pi.command(output.pin, "1")
        await reached(lambda: [kernel.levels[one.line] for one in outputs] == [1, 0, 1, 1])
        await store.told()
        close_all(pi)
        failing = Pi(tmp_path, store.descriptors())
        failing.adapter.abandon(lgpio(*outputs))
        assert [kernel.levels[one.line] for one in outputs] == [0, 1, 0, 1]
        assert kernel.open_lines() == [17, 22, 23, 24]
        close_all(failing)


async def test_after_a_crash_who_goes_off_does_so_before_another_of_its_interlock_goes_on(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair: dict[str, Any] = {"interlock": "pumps", "interlock_wait_ms": 50}
    first = held("first", 22, on_crash=Level.ON, **pair)
    reserve = held("reserve", 17, **pair)
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        await started_and_dead(tmp_path, store, first, reserve)
        assert (kernel.levels[22], kernel.levels[17]) == (0, 1)
        del kernel.driven[:]
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(lgpio(first, reserve))
        assert kernel.driven == [(17, 0), (22, 0)]
        await reached(lambda: kernel.levels[22] == 1)
        await pi.adapter.stop()
        close_all(pi)


async def test_after_a_crash_who_stays_on_keeps_another_of_its_interlock_off(
    tmp_path: Path, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = held("first", 22, on_crash=Level.ON, interlock="pumps")
    reserve = held("reserve", 17, on_crash=Level.KEEP, interlock="pumps")
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        await started_and_dead(tmp_path, store, first, reserve)
        del kernel.driven[:]
        pi = Pi(tmp_path, store.descriptors())
        await pi.start(lgpio(first, reserve))
        assert kernel.driven == [(17, 1), (22, 0)]
        await pi.adapter.stop()
        close_all(pi)


async def started_and_dead(data_dir: Path, store: DescriptorStore, *outputs: OutputOptions) -> None:
    """A daemon switches the last of its outputs on, and dies."""
    pi = Pi(data_dir, store.descriptors())
    await pi.start(lgpio(*outputs))
    pin = outputs[-1].pin
    pi.command(pin, "1")
    await reached(lambda: pi.adapter.state().peripherals[-1].actual == ("1",))
    await store.told()
    close_all(pi)


def close_all(pi: Pi) -> None:
    """Close what the end of a process would close."""
    close_copies(pi.parts.descriptors)
    for descriptor in pi.adapter._host.held._held.values():
        os.close(descriptor)
