"""Simulated pins and a real core with the gateway's own device, for tests of single peripherals."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.core.change import EventChange, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import SimulatedLine, Simulation
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.factory import close_board, open_board
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.patience import PATIENCE_S

SLUG = "pi"
TOKEN = "00112233445566778899aabbccddeeff"
API = Origin(OriginKind.API, "test")


class Rig:
    """A board of simulated pins, the core with the device `pi`, and a `Host` between the two.

    Use it as a context manager, or call `close`.

    Args:
        clock: a `FakeClock` unless given.
        datastreams: of `pi`.

    Attributes:
        failures: what peripherals reported by `Host.failed`: name and error.
    """

    def __init__(self, clock: Clock | None = None, *datastreams: Datastream) -> None:
        self.clock = clock or FakeClock()
        self.parts = Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock))
        self.store = self.parts.store
        self.health = self.parts.health
        self.changes = Mailbox(1_000_000, Overflow.CONFLATE)
        self.parts.registry.add(
            DeviceDefinition(
                SLUG,
                "Pi",
                TOKEN,
                DeviceSource.GATEWAY,
                datastreams={stream.pin: stream for stream in datastreams},
                open_pins=frozenset(),
            ),
            API,
        )
        self.parts.bus.subscribe(self.changes, origin=None, echo=True)
        self.board = open_board(Factory.MOCK)
        self.failures: list[tuple[str, Exception]] = []
        self.host = Host(self.parts, SLUG, lambda name, error: self.failures.append((name, error)))
        self.host.use_board(self.board)
        self._seen: list[object] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the board. May be called twice."""
        close_board(self.board)

    @property
    def simulation(self) -> Simulation:
        """The far side of the pins."""
        assert self.board.simulation is not None
        return self.board.simulation

    def advance(self, seconds: float) -> None:
        """Let time pass on a `FakeClock`."""
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds)

    # The pins

    def pin(self, line: int) -> Any:  # noqa: ANN401  gpiozero has no types
        """The simulated pin itself, with `states`, `function`, `pull`, `frequency`."""
        return self.board.pin_factory.pin(line)

    def line(self, line: int) -> SimulatedLine:
        """How a line is now, as people see it."""
        return self.simulation.lines()[line]

    def level(self, line: int) -> int:
        """The level of a line, 0 or 1."""
        return self.line(line).level

    def states(self, line: int) -> list[float]:
        """The states that a line went through, oldest first: 0 and 1, or the duty of PWM."""
        return [float(one.state) for one in self.pin(line).states]

    def drive(self, line: int, level: bool | int) -> None:
        """Put a level on an input from outside; the edge is on its way when this returns."""
        self.simulation.drive(line, bool(level))

    def pulse(self, line: int, times: int = 1, *, rest: bool | int = 0) -> None:
        """Drive an input away from its level at rest and back, so many times."""
        for _ in range(times):
            self.drive(line, not rest)
            self.drive(line, rest)

    # The core

    def value(self, pin: str) -> tuple[str, ...]:
        """The current value of a pin of `pi`, `()` for none."""
        state = self.store.find(SLUG, pin)
        return () if state is None else state.value

    def command(self, pin: str, *value: str) -> PinChange:
        """Write a pin as a person would; the change is what goes to `Peripheral.command`."""
        change = self.store.write(SLUG, pin, value, API, Intent.COMMAND)
        assert change is not None
        return change

    def reports(self, pin: str) -> list[PinChange]:
        """Everything that hardware reported for a pin so far, oldest first."""
        return [
            change
            for change in self._all()
            if isinstance(change, PinChange)
            and change.pin == pin
            and change.intent is Intent.REPORT
        ]

    def values(self, pin: str) -> list[str]:
        """The first value of each report for a pin so far, oldest first."""
        return [change.value[0] for change in self.reports(pin)]

    def events(self) -> list[tuple[str, str]]:
        """Code and description of every event so far, oldest first."""
        return [
            (change.code, change.description)
            for change in self._all()
            if isinstance(change, EventChange)
        ]

    async def reached(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; fail if it does not within `PATIENCE_S`."""
        await reached(condition)

    async def settled(self) -> None:
        """Return when the loop has done what was on its way: edges and what they led to."""
        for _ in range(5):
            await asyncio.sleep(0)

    def _all(self) -> list[object]:
        self._seen += self.changes.drain()
        return self._seen


async def reached(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail if it does not within `PATIENCE_S`."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.001)
