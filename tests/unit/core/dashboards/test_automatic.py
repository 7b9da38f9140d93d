import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.dashboards.automatic import automatic_dashboard
from blynk_gateway.core.dashboards.model import MAX_WIDGETS, Box, Widget
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.store import PinStore
from tests.helpers.clock import FakeClock

ORIGIN = Origin(OriginKind.GATEWAY, "test")
INT, DOUBLE = DatastreamType.INT, DatastreamType.DOUBLE
FEW = ((0, "off"), (1, "auto"), (2, "on"))
MANY = tuple((number, str(number)) for number in range(5))


class Home:
    """A device `shed` and what its dashboard shows."""

    def __init__(
        self,
        *streams: Datastream,
        open_pins: frozenset[str] | None = None,
        pins: dict[str, DirectPin] | None = None,
    ) -> None:
        bus, clock = PinBus(), FakeClock()
        self.store = PinStore(bus, clock)
        registry = DeviceRegistry(bus, self.store, clock)
        definition = DeviceDefinition(
            "shed",
            "Shed",
            "t",
            datastreams={one.pin: one for one in streams},
            pins=pins or {},
            open_pins=open_pins,
        )
        self.device = registry.add(definition, ORIGIN)

    def write(self, pin: str, *value: str) -> None:
        self.store.write("shed", pin, value, ORIGIN, Intent.REPORT)

    @property
    def widgets(self) -> list[Widget]:
        return list(automatic_dashboard(self.device, self.store).widgets())

    @property
    def types(self) -> list[tuple[str, str]]:
        """Type and pin of what stands between the device's tile and the events."""
        return [(one.type, one.pin.pin) for one in self.widgets if one.pin is not None]


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (Datastream("V1", "x", DatastreamType.BOOL), "switch"),
        (Datastream("V1", "x", DatastreamType.BOOL, is_writable=False), "led"),
        (Datastream("V1", "x", INT, 0, 1), "switch"),
        (Datastream("V1", "x", INT, 0, 1, is_writable=False), "led"),
        (Datastream("V1", "x", DOUBLE, 0, 1), "slider"),
        (Datastream("V1", "x", INT, 0, 100), "slider"),
        (Datastream("V1", "x", INT, 0, 10), "step"),
        (Datastream("V1", "x", INT, 0, 11), "slider"),
        (Datastream("V1", "x", DOUBLE, -40, 85), "slider"),
        (Datastream("V1", "x", INT), "number_input"),
        (Datastream("V1", "x", DOUBLE, minimum=0), "number_input"),
        (Datastream("V1", "x", DOUBLE, maximum=0), "number_input"),
        (Datastream("V1", "x", INT, 0, 100, is_writable=False), "gauge"),
        (Datastream("V1", "x", INT, 0, 3, is_writable=False), "value"),
        (Datastream("V1", "x", DOUBLE, 0, 1, is_writable=False), "gauge"),
        (Datastream("V1", "x", DOUBLE, minimum=0, is_writable=False), "value"),
        (Datastream("V1", "x", DOUBLE, is_writable=False), "value"),
        (Datastream("V1", "x", DatastreamType.ENUM, labels=FEW), "segmented"),
        (Datastream("V1", "x", DatastreamType.ENUM, labels=MANY), "menu"),
        (Datastream("V1", "x", DatastreamType.ENUM), "number_input"),
        (Datastream("V1", "x", DatastreamType.ENUM, labels=FEW, is_writable=False), "value"),
        (Datastream("V1", "x", DatastreamType.STRING), "text_input"),
        (Datastream("V1", "x", DatastreamType.STRING, is_writable=False), "value"),
        (Datastream("V1", "x", DatastreamType.LOCATION), "map"),
        (Datastream("V1", "x", DatastreamType.LOCATION, is_writable=False), "map"),
        (Datastream("V1", "x", INT, 0, 255, parameters=3), "rgb"),
        (Datastream("V1", "x", INT, 0, 255, default=("1", "2", "3")), "rgb"),
        (Datastream("V1", "x", DOUBLE, 0, 255, parameters=3), "rgb"),
        (Datastream("V1", "x", DOUBLE, 0, 1, parameters=3), "slider"),
        (Datastream("V1", "x", INT, 0, 255, default=("1", "2")), "slider"),
        (
            Datastream("V1", "x", INT, 0, 255, default=("1", "2", "3"), is_writable=False),
            "value",
        ),
    ],
)
def test_each_datastream_has_the_widget_that_fits(stream: Datastream, kind: str) -> None:
    assert Home(stream).types == [(kind, "V1")]


def test_value_of_three_bytes_makes_a_colour() -> None:
    home = Home(Datastream("V1", "x", INT, 0, 255))
    assert home.types == [("slider", "V1")]
    home.write("V1", "1", "2", "3")
    assert home.types == [("rgb", "V1")]


def test_location_knows_its_format() -> None:
    home = Home(Datastream("V1", "x", DatastreamType.LOCATION))
    assert home.widgets[1].options == {"format": "location"}


def test_declared_pins_come_first_then_those_that_have_values() -> None:
    home = Home(
        Datastream("V10", "x", DatastreamType.BOOL),
        Datastream("V9", "y", DatastreamType.BOOL, is_writable=False),
    )
    home.write("V1", "hello")
    home.write("V2", "1")
    assert home.types == [("led", "V9"), ("switch", "V10"), ("value", "V1"), ("value", "V2")]


def test_widgets_of_a_size_stand_together() -> None:
    home = Home(
        Datastream("V1", "x", DOUBLE, 0, 50, is_writable=False),
        Datastream("V2", "x", DOUBLE, 0, 50),
        Datastream("V3", "x", DatastreamType.BOOL),
        Datastream("V4", "x", INT),
        Datastream("V5", "x", DOUBLE, 0, 50, is_writable=False),
    )
    assert home.types == [
        ("switch", "V3"),
        ("slider", "V2"),
        ("number_input", "V4"),
        ("gauge", "V1"),
        ("gauge", "V5"),
    ]
    assert [one.desktop for one in home.widgets] == [
        Box(0, 0, 6, 2),
        Box(6, 0, 6, 2),
        Box(0, 2, 6, 2),
        Box(6, 2, 6, 2),
        Box(0, 4, 6, 3),
        Box(6, 4, 6, 3),
        Box(0, 7, 6, 5),
        Box(6, 7, 6, 5),
    ]


@pytest.mark.parametrize(("count", "width"), [(0, 12), (1, 6), (3, 3), (4, 12), (7, 12)])
def test_tile_has_a_row_of_its_own_where_there_are_many_small_widgets(
    count: int, width: int
) -> None:
    streams = (Datastream(f"V{n}", "x", DatastreamType.BOOL) for n in range(count))
    assert Home(*streams).widgets[0].desktop == Box(0, 0, width, 2)


def test_tile_is_on_top_and_events_at_the_end() -> None:
    first, last = Home().widgets
    assert (first.type, first.options) == ("device", {"device": "shed"})
    assert (last.type, last.options) == ("events", {"device": "shed"})


def test_after_four_gauges_come_levels() -> None:
    streams = (Datastream(f"V{n}", "x", INT, 0, 90, is_writable=False) for n in range(6))
    levels = [("level", "V4"), ("level", "V5")]
    assert Home(*streams).types == levels + [("gauge", f"V{n}") for n in range(4)]


def test_first_four_measured_numbers_are_in_one_chart() -> None:
    measured = [Datastream(f"V{n}", "x", DOUBLE, is_writable=False) for n in range(1, 7)]
    home = Home(
        Datastream("V0", "fan", INT, 0, 100),
        *measured,
        Datastream("V20", "on", INT, 0, 1, is_writable=False),
        Datastream("V22", "button", INT, 0, 3, is_writable=False),
        Datastream("V21", "text", is_writable=False),
    )
    charts = [one for one in home.widgets if one.type == "chart"]
    assert [one.pins for one in charts] == [tuple(PinAddress("shed", f"V{n}") for n in range(1, 5))]
    assert charts[0].options == {"range": "1d"}


def test_number_without_a_past_is_in_no_chart() -> None:
    home = Home(
        Datastream("V0", "x", DOUBLE, is_writable=False, history=HistoryPolicy.OFF),
        Datastream("V1", "x", DOUBLE, is_writable=False),
    )
    charts = [one.pins for one in home.widgets if one.type == "chart"]
    assert charts == [(PinAddress("shed", "V1"),)]


def test_without_measured_numbers_there_is_no_chart() -> None:
    kinds = [one.type for one in Home(Datastream("V0", "fan", INT, 0, 100)).widgets]
    assert kinds == ["device", "slider", "events"]


def test_direct_pins_are_shown_by_their_modes() -> None:
    pins = {
        "D1": DirectPin(PinMode.OUT),
        "D2": DirectPin(PinMode.PULL_UP),
        "D3": DirectPin(PinMode.PWM),
        "A0": DirectPin(PinMode.IN),
        "A1": DirectPin(PinMode.PWM),
    }
    home = Home(pins=pins)
    assert home.types == [
        ("switch", "D1"),
        ("led", "D2"),
        ("value", "A0"),
        ("slider", "D3"),
        ("slider", "A1"),
    ]
    options = [dict(one.options) for one in home.widgets[1:-1]]
    assert options == [{}, {"max": 1}, {}, {"min": 0, "max": 255}, {"min": 0, "max": 255}]


def test_direct_pins_that_nobody_used_are_left_out() -> None:
    home = Home(Datastream("V1", "led", INT, 0, 1), open_pins=frozenset({"D13", "D5", "A0"}))
    assert home.types == [("switch", "V1")]
    home.store.set_mode("shed", "D5", DirectPin(PinMode.PULL_UP), ORIGIN)
    home.write("D13", "1")
    assert home.types == [("switch", "V1"), ("led", "D5"), ("led", "D13")]


def test_same_device_gives_the_same_dashboard() -> None:
    home = Home(*(Datastream(f"V{n}", "x", INT, 0, 9) for n in range(20)))
    made = automatic_dashboard(home.device, home.store)
    assert made == automatic_dashboard(home.device, home.store)
    assert (made.slug, made.title, made.pages[0].title) == ("device:shed", "Shed", "")
    assert all(one.desktop is not None and one.phone is not None for one in made.widgets())


def test_device_with_every_pin_has_pages() -> None:
    home = Home(*(Datastream(f"V{n}", "x", INT, 0, 9) for n in range(256)))
    made = automatic_dashboard(home.device, home.store)
    assert [(page.title, len(page.widgets)) for page in made.pages] == [
        ("1", MAX_WIDGETS),
        ("2", 258 - MAX_WIDGETS),
    ]
