"""What is known of a pin."""

import pytest

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts, facts_of
from tests.helpers.mqtt import Json


def facts(
    pin: str = "V5",
    *value: str,
    datastream: Datastream | None = None,
    direct: DirectPin | None = None,
    is_own: bool = False,
    is_text: bool = False,
    **properties: str | PinValue,
) -> PinFacts:
    state = PinState(pin, value, 1, 1, datastream, direct)
    given = {name: (one,) if isinstance(one, str) else one for name, one in properties.items()}
    return facts_of(state, given, is_own=is_own, is_text=is_text)


def test_datastream_tells_all_it_has() -> None:
    shown = Presentation(device_class="humidity")
    stream = Datastream(
        "V5",
        "Air",
        DatastreamType.DOUBLE,
        0,
        100,
        unit="%",
        decimals=1,
        is_writable=False,
        presentation=shown,
    )
    assert facts(datastream=stream) == PinFacts(
        pin="V5",
        name="Air",
        type=DatastreamType.DOUBLE,
        is_writable=False,
        minimum=0,
        maximum=100,
        unit="%",
        decimals=1,
        presentation=shown,
    )


@pytest.mark.parametrize(
    ("stream", "value", "width"),
    [
        (Datastream("V5", "a", DatastreamType.INT), (), 1),
        (Datastream("V5", "a", DatastreamType.INT), ("1", "2", "3"), 3),
        (Datastream("V5", "a", DatastreamType.INT, default=("1", "2")), (), 2),
        (Datastream("V5", "a", DatastreamType.INT, default=("1", "2")), ("1",), 2),
        (Datastream("V5", "a", DatastreamType.INT, default=("1",)), ("1", "2"), 2),
        (Datastream("V5", "a", DatastreamType.INT, parameters=3), ("fade", "9"), 3),
    ],
)
def test_width_is_what_a_value_has(stream: Datastream, value: PinValue, width: int) -> None:
    assert facts("V5", *value, datastream=stream).width == width


def test_owners_name_goes_before_the_devices_label_and_that_before_the_datastreams() -> None:
    stream = Datastream("V5", "Datastream")
    owner = Datastream("V5", "Datastream", presentation=Presentation(name="Owner"))
    assert facts(datastream=stream).name == "Datastream"
    assert facts(datastream=stream, label="Device").name == "Device"
    assert facts(datastream=owner, label="Device").name == "Owner"
    assert facts().name == "V5"


def test_names_from_devices_are_short_and_printable() -> None:
    assert facts(label=" Te\x1bmp\udcff ").name == "Temp\N{REPLACEMENT CHARACTER}"
    assert facts(label="x" * 500).name == "x" * 64
    assert facts(label="\n").name == "V5"


@pytest.mark.parametrize(
    ("properties", "limits"),
    [
        ({"min": "10", "max": "20"}, (10, 20)),
        ({"max": "20"}, (0, 20)),
        ({"min": "-5", "max": "500"}, (0, 100)),
        ({"min": "50", "max": "20"}, (0, 100)),
        ({"min": "cold"}, (0, 100)),
    ],
)
def test_device_may_narrow_declared_limits_only(
    properties: Json, limits: tuple[float, float]
) -> None:
    stream = Datastream("V5", "a", DatastreamType.INT, 0, 100)
    found = facts(datastream=stream, **properties)
    assert (found.minimum, found.maximum) == limits


def test_device_may_disable_and_hide_but_not_make_writable() -> None:
    writable = Datastream("V5", "a")
    assert not facts(datastream=writable, isDisabled="true").is_writable
    assert not facts(datastream=Datastream("V5", "a", is_writable=False)).is_writable
    assert facts(datastream=writable, isDisabled="false").is_writable
    assert facts(datastream=writable, isHidden="1").is_hidden


def test_suffix_step_and_digits_are_the_devices() -> None:
    stream = Datastream("V5", "a", DatastreamType.DOUBLE, unit="K", decimals=3)
    found = facts(datastream=stream, suffix=" °C", step="0.5", maximumFractionDigits="1")
    assert (found.unit, found.step, found.decimals) == ("°C", 0.5, 1)
    nonsense = facts(datastream=stream, step="-1", maximumFractionDigits="99")
    assert (nonsense.step, nonsense.decimals) == (None, 3)


def test_labels_are_the_datastreams_or_numbered_from_1() -> None:
    enum = Datastream("V5", "a", DatastreamType.ENUM, labels=((0, "Off"), (7, "Max")))
    assert facts(datastream=enum, labels=("x", "y")).labels == (("0", "Off"), ("7", "Max"))
    number = Datastream("V5", "a", DatastreamType.INT)
    assert facts(datastream=number, labels=("One", "", "Three")).labels == (
        ("1", "One"),
        ("3", "Three"),
    )
    text = Datastream("V5", "a", DatastreamType.STRING)
    assert facts(datastream=text, labels=("One", "Two")).labels == ()


def test_undeclared_pin_is_a_number_that_nobody_sets_while_it_takes_numbers() -> None:
    found = facts("V5", "21.5")
    assert found.is_number
    assert found.is_guessed
    assert not found.is_writable
    assert not facts("V5", "warm").is_number
    assert not facts("V5", "21.5", is_text=True).is_guessed
    assert not facts("V5", "1", "2").is_number


@pytest.mark.parametrize(
    ("properties", "kind", "is_binary"),
    [
        ({"onLabel": "Go"}, DatastreamType.INT, True),
        ({"offLabel": "Halt"}, DatastreamType.INT, True),
        ({"labels": ("One", "Two")}, DatastreamType.ENUM, False),
        ({"min": "0", "max": "10"}, DatastreamType.DOUBLE, False),
    ],
)
def test_widget_of_an_undeclared_pin_tells_what_a_person_sets(
    properties: Json, kind: DatastreamType, is_binary: bool
) -> None:
    found = facts(**properties)
    assert (found.type, found.is_writable, found.is_binary) == (kind, True, is_binary)


def test_half_a_slider_tells_nothing() -> None:
    assert not facts(max="10").is_writable


@pytest.mark.parametrize(
    ("pin", "mode", "is_writable", "limits"),
    [
        ("D4", PinMode.OUT, True, (0, 1)),
        ("D4", PinMode.PULL_UP, False, (0, 1)),
        ("D4", PinMode.PWM, True, (0, 65_535)),
        ("A0", PinMode.IN, False, (None, None)),
        ("A0", PinMode.PWM, True, (0, 65_535)),
        ("D4", None, False, (0, 1)),
        ("A0", None, False, (None, None)),
    ],
)
def test_direct_pin_is_what_its_mode_says(
    pin: str, mode: PinMode | None, is_writable: bool, limits: tuple[float | None, float | None]
) -> None:
    found = facts(pin, direct=None if mode is None else DirectPin(mode))
    assert (found.is_writable, (found.minimum, found.maximum)) == (is_writable, limits)


def test_pwm_of_the_pi_counts_to_255() -> None:
    assert facts("D5", direct=DirectPin(PinMode.PWM), is_own=True).maximum == 255


def test_location_is_no_number() -> None:
    stream = Datastream("V5", "a", DatastreamType.LOCATION)
    assert not facts(datastream=stream).is_number
    assert facts(datastream=Datastream("V5", "a", DatastreamType.BOOL)).is_binary
