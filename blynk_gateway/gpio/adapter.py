"""The Pi's own pins: the back end, its direct lines and every peripheral.

1. `prepare` opens the back end, which takes a second; `start` opens lines and peripherals, when the
   values and modes of the last run are back. `stop` leaves every output as it was asked to.
2. Without a back end the daemon runs on: health says why, sensors that need no line work, and it is
   tried again.
3. Commands come by a mailbox and are driven on the loop's next turn.
4. gpiozero is loaded only if a line is used.
"""

import asyncio
import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blynk_gateway.config.gpio.lines import open_pins
from blynk_gateway.config.gpio.options import Factory, GpioOptions
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import ModeChange, PinChange
from blynk_gateway.core.header import LINES
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import GpioState, Simulation
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.board import Board
from blynk_gateway.gpio.host import ORIGIN, Host
from blynk_gateway.gpio.memory import GpioMemory
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.roster import FIRST_RETRY_S, LAST_RETRY_S, Roster
from blynk_gateway.gpio.safety import Safety
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    from blynk_gateway.gpio.direct import DirectLines

log = logging.getLogger(__name__)

COMPONENT = "gpio"
STATE_FILE = "gpio.json"

MAILBOX_LIMIT = 256
"""Beyond it the newest level of each pin is what counts."""


class GpioAdapter:
    """Meets `core.ports.Gpio`.

    Args:
        data_dir: holds what outputs must not forget over a crash.
        on_pins: called when there is a back end at last, and with it pins.
    """

    def __init__(self, parts: Parts, data_dir: Path, on_pins: Callable[[], None]) -> None:
        self._parts = parts
        self._on_pins = on_pins
        self._options = GpioOptions()
        self._memory = GpioMemory(data_dir / STATE_FILE, parts.clock)
        self._safety = Safety(parts.clock, self._memory)
        self._host = Host(parts, "", self._failed)
        self._roster = Roster(self._host, self._safety, self._report_health)
        self._board: Board | None = None
        self._board_fault = ""
        self._board_retry: asyncio.Task[None] | None = None
        self._direct: DirectLines | None = None
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._wake)

    @property
    def simulation(self) -> Simulation | None:
        """The simulated pins, None with real ones."""
        return None if self._board is None else self._board.simulation

    def open_pins_of(self, options: GpioOptions) -> frozenset[str]:
        """The direct pins that work with these options: `D5`, `A0`; none without a back end."""
        return frozenset() if self._board is None else open_pins(options)

    async def prepare(self, options: GpioOptions) -> None:
        """Open the back end if these options need one. A failure is kept for `state` and health."""
        self._options = options
        if not needs_board(options):
            self._board_fault = ""
            return
        try:
            await self._open_board(options.factory)
        except HardwareError as error:
            self._board_fault = f"{error}. {error.hint}"

    async def start(self, slug: str) -> None:
        """Open lines and peripherals, and obey commands from now on.

        Args:
            slug: of the gateway's own device.
        """
        self._host.slug = slug
        opening = await asyncio.to_thread(self._memory.load)
        self._parts.bus.subscribe_commands(self._mailbox, device=slug, origin=ORIGIN)
        await self._roster.apply(self._options.peripherals, opening)
        self._open_direct()
        self._name_lines()
        self._report_health()
        if self._board_fault:
            self._board_retry = spawn(self._retry_board(), name="gpio back end")

    async def reconfigure(self, options: GpioOptions, slug: str) -> None:
        """Apply other options; outputs whose definition did not change are untouched."""
        is_same_board = (
            slug == self._host.slug
            and options.factory is self._options.factory
            and needs_board(options) == needs_board(self._options)
        )
        if not is_same_board:
            await self._leave()
            await self.prepare(options)
            await self.start(slug)
            return
        is_same_analog = options.analog == self._options.analog
        self._options = options
        if self._direct is not None:
            # Lines that went from direct to a peripheral must be free for it.
            if is_same_analog:
                self._direct.open(self.open_pins_of(self._options))
            else:
                await self._direct.close()
                self._direct = None
        await self._roster.apply(options.peripherals, Opening.START)
        self._open_direct()
        self._name_lines()
        self._report_health()

    async def stop(self) -> None:
        """Leave every output as `on_stop` says, and close the back end. May be called twice."""
        await self._leave()
        await asyncio.to_thread(self._memory.close)

    async def read_pin(self, device: str, pin: str) -> bool:
        """Have a direct pin of the Pi read; its value is in the store when this returns True.

        Raises:
            PinError: it is not open.
        """
        assert device == self._host.slug, "other devices' pins are read by their server"
        return self._direct is not None and await self._direct.read(pin)

    def state(self) -> GpioState:
        """How everything is at the moment."""
        board = self._board
        opened = self.open_pins_of(self._options)
        return GpioState(
            factory=str(Factory.NONE if board is None else board.factory),
            chip="" if board is None else board.label,
            fault=self._board_fault,
            open_pins=tuple(pin for pin in PIN_NAMES if pin in opened),
            peripherals=tuple(self._roster.states()),
        )

    async def _leave(self) -> None:
        self._parts.bus.unsubscribe_commands(self._mailbox, device=self._host.slug)
        if self._board_retry is not None:
            await cancel(self._board_retry)
            self._board_retry = None
        await self._roster.close()
        if self._direct is not None:
            await self._direct.close()
            self._direct = None
        board, self._board = self._board, None
        self._host.use_board(None)
        if board is not None:
            await asyncio.to_thread(_factory().close_board, board)

    async def _open_board(self, factory: Factory) -> None:
        self._board = await asyncio.to_thread(_open_board, factory)
        self._board_fault = ""
        self._host.use_board(self._board)
        log.info("gpio back end", extra={"factory": self._board.factory, "chip": self._board.label})

    async def _retry_board(self) -> None:
        wait_s = FIRST_RETRY_S
        while self._board is None:
            await asyncio.sleep(wait_s)
            wait_s = min(LAST_RETRY_S, wait_s * 2)
            try:
                await self._open_board(self._options.factory)
            except HardwareError as error:
                self._board_fault = f"{error}. {error.hint}"
        self._on_pins()
        self._open_direct()
        self._roster.retry_now()
        self._name_lines()
        self._report_health()

    def _open_direct(self) -> None:
        if not self.open_pins_of(self._options):
            return
        if self._direct is None:
            module: Any = import_module("blynk_gateway.gpio.direct")
            self._direct = module.DirectLines(
                self._host, self._parts.store, self._options.analog, self._report_health
            )
            assert self._direct is not None
        self._direct.open(self.open_pins_of(self._options))

    def _name_lines(self) -> None:
        """Have simulated lines say who uses them."""
        simulation = None if self._board is None else self._board.simulation
        if simulation is None:
            return
        users = {
            line: name for name, one in self._options.peripherals.items() for _, line in one.lines()
        }
        for state in self._parts.store.pins(self._host.slug):
            if state.direct is not None and PIN_NAMES[state.pin] is PinKind.DIGITAL:
                users[int(state.pin[1:])] = state.pin
        for line in LINES:
            simulation.name_line(line, users.get(line))

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._obey)

    def _obey(self) -> None:
        for change in self._mailbox.drain():
            if isinstance(change, PinChange):
                if PIN_NAMES[change.pin] is PinKind.VIRTUAL:
                    self._roster.command(change)
                elif self._direct is not None:
                    self._direct.command(change)
            elif isinstance(change, ModeChange) and self._direct is not None:
                self._direct.set_mode(change.pin, change.direct)
                self._name_lines()

    def _failed(self, name: str, error: Exception) -> None:
        if name in PIN_NAMES and self._direct is not None:
            self._direct.failed(name, error)
        else:
            self._roster.failed(name, error)

    def _report_health(self) -> None:
        health = self._parts.health
        faults = dict(self._roster.faults)
        if self._direct is not None:
            faults |= self._direct.faults
        if self._board_fault:
            health.report(COMPONENT, HealthState.FAILED, self._board_fault)
        elif faults:
            detail = "\n".join(f"{name}: {fault}" for name, fault in faults.items())
            health.report(COMPONENT, HealthState.DEGRADED, detail)
        else:
            health.report(COMPONENT, HealthState.OK)


def needs_board(options: GpioOptions) -> bool:
    """Whether anything uses a line, and a back end is allowed."""
    if options.factory is Factory.NONE:
        return False
    has_lines = any(any(one.lines()) for one in options.peripherals.values())
    return options.direct is None or bool(options.direct) or bool(options.analog) or has_lines


def _open_board(factory: Factory) -> Board:
    board: Board = _factory().open_board(factory)
    return board


def _factory() -> Any:  # noqa: ANN401  a module that loads gpiozero, and is loaded when it is needed
    return import_module("blynk_gateway.gpio.factory")
