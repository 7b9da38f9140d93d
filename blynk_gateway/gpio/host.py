"""What a peripheral may use of the gateway: the way to its pin, and the board."""

from collections.abc import Callable

from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import DeviceError, HardwareError, PinError
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.held_outputs import HeldOutputs
from blynk_gateway.runtime.parts import Parts

ORIGIN = Origin(OriginKind.GPIO)

_SYSTEM_ERRORS: tuple[type[Exception], ...] = (OSError,)


class Host:
    """Reports for the gateway's own device.

    While history cannot follow, the last value of each pin is kept and reported when it can.

    Args:
        slug: of the gateway's own device.
        on_failure: called with the name of a peripheral and why it does not work any more.
        on_proof: called with the name of one that was opened and turned out to work.

    Attributes:
        slug: of the gateway's own device.
        held: lines that outputs hold by the kernel's own descriptors.
    """

    def __init__(
        self,
        parts: Parts,
        slug: str,
        on_failure: Callable[[str, Exception], None],
        on_proof: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.clock = parts.clock
        self.zone = parts.zone
        self.health = parts.health
        self.slug = slug
        self.held = HeldOutputs(parts.descriptors)
        self._parts = parts
        self._board: Board | None = None
        self._on_failure = on_failure
        self._on_proof = on_proof
        self._waiting: dict[str, tuple[PinValue, int | None, PinChange | None]] = {}
        self._reported: dict[str, int] = {}
        """`seq` of the newest report of each pin."""
        parts.gate.subscribe(self._gate_turned)

    def use_board(self, board: Board | None) -> None:
        """Have peripherals that are opened from now on use this back end; None for none."""
        self._board = board

    @property
    def board(self) -> Board:
        """The back end.

        Raises:
            HardwareError: there is none.
        """
        if self._board is None:
            raise HardwareError(
                "there is no GPIO back end, for a reason that stands under gpio in the health;"
                " expected one"
            )
        return self._board

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What is raised when hardware cannot be used: ours, and the libraries'."""
        return (HardwareError, *(_SYSTEM_ERRORS if self._board is None else self._board.errors))

    def report(
        self,
        pin: str,
        value: PinValue,
        at_ms: int | None = None,
        cause: PinChange | None = None,
    ) -> None:
        """Say that a pin has a value.

        Args:
            at_ms: when it was so, UTC ms; None for now.
            cause: the change that led to it.
        """
        if not self._parts.gate.is_open:
            self._waiting[pin] = (value, at_ms, cause)
            self.health.count("gpio_reports_conflated")
            return
        seq, depth = (None, 0) if cause is None else (cause.seq, cause.depth + 1)
        try:
            written = self._parts.store.write(
                self.slug, pin, value, ORIGIN, Intent.REPORT, at_ms, seq, depth
            )
        except (PinError, DeviceError):
            # A datastream of the owner's own that does not take what the hardware says.
            self.health.count("gpio_reports_refused")
        else:
            assert written is not None, "a report is always news"
            self._reported[pin] = written.seq

    def has_reported_since(self, change: PinChange) -> bool:
        """Whether a pin was reported after this change of it, and says something else by that.

        Commands that come in one burst are all written before the first of them is done.
        """
        return change.pin in self._waiting or self._reported.get(change.pin, 0) > change.seq

    def event(self, name: str, what: str) -> None:
        """Add to the event timeline what was done to an input: `door`, `hold`."""
        device = self._parts.registry.find(self.slug)
        if device is not None:
            self._parts.registry.record_event(device, EventKind.INPUT, name, what, ORIGIN)

    def stored_for_mode(self, pin: str) -> PinValue:
        """The value a direct pin has since it has its mode, `()` for none."""
        state = self._parts.store.find(self.slug, pin)
        return () if state is None or not state.is_of_mode else state.value

    def stored(self, pin: str) -> PinValue:
        """The value a pin has now, `()` for none."""
        state = self._parts.store.find(self.slug, pin)
        return () if state is None else state.value

    def proven(self, name: str) -> None:
        """Say that a peripheral whose `open` proves nothing works."""
        self._on_proof(name)

    def failed(self, name: str, error: Exception) -> None:
        """Say that a peripheral stopped working; it will be closed and opened again."""
        self._on_failure(name, error)

    def _gate_turned(self, is_open: bool) -> None:
        if is_open:
            waiting, self._waiting = self._waiting, {}
            for pin, (value, at_ms, cause) in waiting.items():
                self.report(pin, value, at_ms, cause)
