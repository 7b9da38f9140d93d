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
from collections import deque
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.lines import open_lines, open_pins
from blynk_gateway.config.gpio.options import Factory, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Change, Intent, ModeChange, PinChange
from blynk_gateway.core.header import LINES
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import GpioState, Simulation
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.host import ORIGIN, Host
from blynk_gateway.gpio.lines.board import Board
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
        self._host = Host(parts, "", self._failed, self._proven)
        self._roster = Roster(self._host, self._safety, self._report_health)
        self._is_started = False
        self._board: Board | None = None
        self._board_fault = ""
        self._board_retry: asyncio.Task[None] | None = None
        self._direct: DirectLines | None = None
        self._commands: deque[Change] = deque()
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

    def listen(self, slug: str) -> None:
        """Collect commands from now on; they are obeyed when `start` is through.

        Args:
            slug: of the gateway's own device.
        """
        self._host.slug = slug
        self._parts.bus.subscribe_commands(self._mailbox, device=slug, origin=ORIGIN)

    async def start(self) -> None:
        """Open lines and peripherals, and obey commands."""
        opening = await asyncio.to_thread(self._memory.load)
        await self._let_go()
        await self._roster.apply(self._options.peripherals, opening)
        self._forget_closed()
        self._open_direct()
        self._name_lines()
        self._is_started = True
        self._report_health()
        self._wake()
        if self._board_fault:
            self._board_retry = spawn(self._retry_board(), name="gpio back end")

    async def reconfigure(self, options: GpioOptions, slug: str) -> None:
        """Apply other options; outputs whose definition did not change are untouched."""
        is_same_board = options.factory is self._options.factory and (
            needs_board(options) == needs_board(self._options)
        )
        if not is_same_board:
            await self._leave()
            await self.prepare(options)
            self.listen(slug)
            await self.start()
            return
        self._options = options
        if slug != self._host.slug:
            await self._rename(slug)
        if self._direct is not None:
            # Lines that went from direct to a peripheral must be free for it.
            await self._direct.give_up(self.open_pins_of(options), options.analog)
        await self._roster.apply(options.peripherals, Opening.START)
        self._forget_closed()
        await self._host.held.make_room(open_lines(options))
        self._open_direct()
        self._name_lines()
        self._report_health()

    async def stop(self) -> None:
        """Leave every output as `on_stop` says, and close the back end. May be called twice."""
        self._host.held.is_ending = True
        await self._leave()
        await asyncio.to_thread(self._memory.close)

    def abandon(self, options: GpioOptions) -> None:
        """The gateway cannot start: held outputs that it would switch off, or end, go off now.

        It may be tried again for ever, and meanwhile nobody minds `max_on`.
        """
        for one in options.peripherals.values():
            if isinstance(one, OutputOptions) and (
                one.max_on_ms is not None or (one.on_crash or one.on_start) is Level.OFF
            ):
                self._host.held.drive_unclaimed(one.line, is_on=False, active_high=one.active_high)

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

    async def _let_go(self) -> None:
        """Free lines of before that no output drives any more, so that others can use them."""
        board = self._board
        # A back end that is not there yet may be the one that drives them.
        factory = self._options.factory if board is None else board.factory
        is_ours = factory is Factory.LGPIO or (factory is Factory.AUTO and board is None)
        wanted = {
            one.line
            for one in self._options.peripherals.values()
            if is_ours and isinstance(one, OutputOptions)
        }
        await self._host.held.free_all_but(wanted, "" if board is None else board.chip)

    async def _rename(self, slug: str) -> None:
        """Be another device: it has no direct pins yet, and peripherals go on as they are."""
        self._parts.bus.unsubscribe_commands(self._mailbox, device=self._host.slug)
        if self._direct is not None:
            await self._direct.close()
            self._direct = None
        self._host.slug = slug
        self._parts.bus.subscribe_commands(self._mailbox, device=slug, origin=ORIGIN)
        self._roster.report()

    async def _leave(self) -> None:
        # What is closed has no faults, but that is no news.
        self._is_started = False
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
        opening = asyncio.get_running_loop().run_in_executor(None, _open_board, factory)
        try:
            self._board = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on; what it opens nobody would close.
            opening.add_done_callback(_close_late)
            raise
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
        await self._let_go()
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

    def _forget_closed(self) -> None:
        """Have outputs that are open no more be low: else they would be on when opened again."""
        opened = open_pins(self._options)
        for state in self._parts.store.pins(self._host.slug):
            is_output = state.direct is not None and not state.direct.mode.is_input
            if is_output and state.pin not in opened and state.value not in ((), ("0",)):
                self._host.report(state.pin, ("0",))

    def _name_lines(self) -> None:
        """Have simulated lines say who uses them."""
        simulation = None if self._board is None else self._board.simulation
        if simulation is None:
            return
        users = {
            line: name for name, one in self._options.peripherals.items() for _, line in one.lines()
        }
        opened = open_pins(self._options)
        for state in self._parts.store.pins(self._host.slug):
            is_line = state.pin in opened and PIN_NAMES[state.pin] is PinKind.DIGITAL
            if is_line and state.direct is not None:
                users[int(state.pin[1:])] = state.pin
        for line in LINES:
            simulation.name_line(line, users.get(line))

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._obey)

    def _obey(self) -> None:
        if not self._is_started:
            return
        self._commands.extend(self._mailbox.drain())
        try:
            while self._commands:
                self._do(self._commands.popleft())
        finally:
            # An error that nobody expected must not cost the others their commands.
            if self._commands:
                self._wake()

    def _do(self, change: Change) -> None:
        if isinstance(change, PinChange):
            if change.intent is not Intent.COMMAND:
                # What others report of our pins is their opinion.
                return
            if PIN_NAMES[change.pin] is PinKind.VIRTUAL:
                self._roster.command(change)
            elif self._direct is not None:
                self._direct.command(change)
        elif isinstance(change, ModeChange) and self._direct is not None:
            self._direct.set_mode(change.pin, change.direct)
            self._name_lines()

    def _proven(self, name: str) -> None:
        self._roster.proven(name)

    def _failed(self, name: str, error: Exception) -> None:
        if name in PIN_NAMES and self._direct is not None:
            self._direct.failed(name, error)
        else:
            self._roster.failed(name, error)

    def _report_health(self) -> None:
        if not self._is_started:
            return
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


def _close_late(opening: asyncio.Future[Board]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        _factory().close_board(opening.result())


def _open_board(factory: Factory) -> Board:
    board: Board = _factory().open_board(factory)
    return board


def _factory() -> Any:  # noqa: ANN401  a module that loads gpiozero, and is loaded when it is needed
    return import_module("blynk_gateway.gpio.lines.factory")
