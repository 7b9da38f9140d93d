"""The back end that drives the lines, as the peripherals see it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blynk_gateway.config.gpio.options import Factory

if TYPE_CHECKING:
    from blynk_gateway.gpio.lines.simulation import SimulatedPins


@dataclass(frozen=True, slots=True)
class Board:
    """A gpiozero pin factory and what is known of it; made by `factory.open_board`.

    Attributes:
        factory: which library it is; never `auto` or `none`.
        pin_factory: for the `pin_factory=` of gpiozero's devices, always given explicitly.
        chip: path of the gpiochip with the header's lines, empty if there is none (mock).
        label: of that chip, `pinctrl-bcm2711`.
        errors: every kind of exception by which the library says that hardware cannot be used.
        simulation: the simulated pins, None for real ones.
    """

    factory: Factory
    pin_factory: Any
    chip: str
    label: str
    errors: tuple[type[Exception], ...]
    simulation: "SimulatedPins | None" = None
