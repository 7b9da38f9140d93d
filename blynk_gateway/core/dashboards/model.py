"""A dashboard as it is declared: pages of widgets, each in its place on two grids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from blynk_gateway.core.address import PinAddress

MAX_DASHBOARDS = 32
"""In the file, and as many again made in the browser."""

MAX_PAGES = 16
MAX_WIDGETS = 200
"""On a page; a browser on an old phone draws them without a pause."""

MAX_WIDGETS_IN_ALL = 1000

DESKTOP_COLUMNS = 12
PHONE_COLUMNS = 4

OptionValue: TypeAlias = str | float | bool | tuple[str, ...]


class Source(StrEnum):
    """Where a dashboard comes from."""

    FILE = "file"
    STORED = "stored"
    AUTOMATIC = "automatic"


class Box(NamedTuple):
    """A place on a grid, in columns and rows, both from 0."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: "Box") -> bool:
        """Whether both take one and the same cell."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget.

    Attributes:
        title: empty for what the widget itself finds, such as its pin's label.
        pin: None where it has none, or several.
        pins: where it has several.
        desktop, phone: its places; None for wherever there is room.
        options: what else is given, by name; the rest is the widget's own choice.
    """

    type: str
    title: str = ""
    pin: PinAddress | None = None
    pins: tuple[PinAddress, ...] = ()
    desktop: Box | None = None
    phone: Box | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    @property
    def all_pins(self) -> tuple[PinAddress, ...]:
        """Its pin or pins."""
        return self.pins if self.pin is None else (self.pin, *self.pins)

    @property
    def device(self) -> str:
        """The device it shows as a whole, empty for none."""
        return str(self.options.get("device", ""))


@dataclass(frozen=True, slots=True)
class Page:
    """One page; a title that is empty is not shown."""

    title: str = ""
    widgets: tuple[Widget, ...] = ()


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; it has a page at least."""

    slug: str
    title: str
    pages: tuple[Page, ...] = (Page(),)

    def widgets(self) -> Iterator[Widget]:
        """Those of all pages."""
        for page in self.pages:
            yield from page.widgets

    def pins(self) -> frozenset[PinAddress]:
        """Every pin that is on it."""
        return frozenset(pin for widget in self.widgets() for pin in widget.all_pins)

    def devices(self) -> frozenset[str]:
        """Every device that is on it, whole or by a pin."""
        shown = {widget.device for widget in self.widgets() if widget.device}
        return frozenset(shown | {pin.device for pin in self.pins()})
