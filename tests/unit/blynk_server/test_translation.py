import pytest

from blynk_gateway.blynk_server.admission import Admission
from blynk_gateway.blynk_server.context import Context
from blynk_gateway.blynk_server.quota import Limits
from blynk_gateway.blynk_server.translation import command_pin, reported_pin, wire_pin
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import InvalidValue, NotWritable, PinError, UnknownPin
from blynk_gateway.runtime.logs import Repeats
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

API = Origin(OriginKind.API, "test")
SENDER = Origin(OriginKind.DEVICE, "9")
TOKEN = "0123456789abcdef0123456789abcdef"
OPEN = frozenset({"D4", "A4"})


@pytest.fixture
def context() -> Context:
    clock = FakeClock()
    parts = Parts.new(clock, Zone.of("UTC"), trusted(clock))
    return Context.beside(
        parts,
        limits=Limits(parts.registry, QuotaOptions()),
        admission=Admission(10),
        repeats=Repeats(clock),
    )


def add(context: Context, modes: dict[str, str], *, is_own: bool = False) -> Device:
    """A device whose pins have learned these modes."""
    source = DeviceSource.GATEWAY if is_own else DeviceSource.FILE
    definition = DeviceDefinition("one", "One", TOKEN, source, open_pins=OPEN if is_own else None)
    device = context.registry.add(definition, API)
    for pin, mode in modes.items():
        context.store.set_mode("one", pin, DirectPin(PinMode(mode)), API)
    return device


def result(context: Context, pin: str) -> tuple[str, tuple[str, ...]] | None:
    """Mode and value of a pin."""
    state = context.store.find("one", pin)
    if state is None:
        return None
    return (str(state.direct.mode) if state.direct else "", state.value)


@pytest.mark.parametrize(
    ("pin", "mode", "written"),
    [
        ("D4", PinMode.OUT, "D4"),
        ("D4", None, "D4"),
        ("D4", PinMode.PWM, "A4"),
        ("A4", PinMode.PWM, "A4"),
        ("A4", PinMode.IN, "A4"),
    ],
)
def test_a_digital_pin_goes_by_aw_in_pulse_width_only(
    pin: str, mode: PinMode | None, written: str
) -> None:
    assert wire_pin(pin, mode) == written


@pytest.mark.parametrize(
    ("modes", "pin"),
    [
        ({}, "A4"),
        ({"D4": "out"}, "A4"),
        ({"D4": "pwm"}, "D4"),
        ({"D4": "pwm", "A4": "in"}, "A4"),
        ({"D4": "pwm", "A4": "pwm"}, "A4"),
        ({"D5": "pwm"}, "A4"),
    ],
)
def test_an_analog_report_is_of_the_pin_that_can_have_sent_it(
    context: Context, modes: dict[str, str], pin: str
) -> None:
    add(context, modes)
    assert reported_pin(context, "one", "A4") == pin


@pytest.mark.parametrize(
    ("modes", "pin", "value", "written"),
    [
        ({}, "A4", "200", {"A4": ("pwm", ("200",)), "D4": None}),
        ({}, "D4", "1", {"D4": ("out", ("1",))}),
        ({"D4": "pwm"}, "A4", "4095", {"D4": ("pwm", ("4095",)), "A4": None}),
        ({"D4": "pwm"}, "D4", "1", {"D4": ("out", ("1",))}),
        ({"D4": "out"}, "A4", "9", {"D4": ("pwm", ("9",)), "A4": None}),
        ({"D4": "pu", "A4": "pwm"}, "A4", "9", {"A4": ("pwm", ("9",)), "D4": ("pu", ())}),
    ],
)
def test_commands_to_a_lan_device_follow_its_modes(
    context: Context,
    modes: dict[str, str],
    pin: str,
    value: str,
    written: dict[str, object],
) -> None:
    device = add(context, modes)
    assert command_pin(context, device, pin, (value,), SENDER) is not None
    assert {pin: result(context, pin) for pin in written} == written


@pytest.mark.parametrize(
    ("modes", "pin", "value", "written"),
    [
        ({}, "A4", "200", ("pwm", ("200",))),
        ({"D4": "out"}, "A4", "200", ("pwm", ("200",))),
        ({"D4": "pwm"}, "A4", "200", ("pwm", ("200",))),
        ({"D4": "pwm"}, "D4", "1", ("out", ("1",))),
        ({}, "D4", "1", ("out", ("1",))),
    ],
)
def test_on_the_gateway_aw_is_pulse_width_of_the_line(
    context: Context, modes: dict[str, str], pin: str, value: str, written: object
) -> None:
    device = add(context, modes, is_own=True)
    command_pin(context, device, pin, (value,), SENDER)
    assert result(context, "D4") == written
    assert result(context, "A4") is None


@pytest.mark.parametrize(
    ("modes", "pin", "value", "error"),
    [
        ({"D4": "out"}, "A4", "256", InvalidValue),
        ({"D4": "pwm"}, "D4", "2", InvalidValue),
        ({"D4": "in"}, "D4", "1", NotWritable),
        ({"D4": "in"}, "A4", "1", NotWritable),
        ({}, "A5", "1", UnknownPin),
        ({}, "D5", "1", UnknownPin),
    ],
)
def test_what_is_refused_leaves_pin_and_mode_as_they_were(
    context: Context, modes: dict[str, str], pin: str, value: str, error: type[PinError]
) -> None:
    device = add(context, modes, is_own=True)
    before = context.store.pins("one")
    with pytest.raises(error):
        command_pin(context, device, pin, (value,), SENDER)
    assert context.store.pins("one") == before


@pytest.mark.parametrize(
    ("mode", "pin", "reason"),
    [
        (PinMode.PWM, "D4", "declared as pwm"),
        (PinMode.OUT, "A4", "declared as out"),
        (PinMode.PULL_UP, "D4", "is an input"),
        (PinMode.PULL_UP, "A4", "is an input"),
    ],
)
def test_a_declared_mode_is_not_changed_or_evaded_by_a_command(
    context: Context, mode: PinMode, pin: str, reason: str
) -> None:
    definition = DeviceDefinition("one", "One", TOKEN, pins={"D4": DirectPin(mode)})
    device = context.registry.add(definition, API)
    with pytest.raises(NotWritable, match=reason):
        command_pin(context, device, pin, ("1",), SENDER)
    assert [(one.pin, one.direct, one.value) for one in context.store.pins("one")] == [
        ("D4", DirectPin(mode), ())
    ]


def test_virtual_pins_are_written_as_they_are(context: Context) -> None:
    device = add(context, {"D4": "pwm"})
    command_pin(context, device, "V4", ("x",), SENDER)
    assert result(context, "V4") == ("", ("x",))
