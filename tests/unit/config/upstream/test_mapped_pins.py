from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.upstream.mapped_pins import MAX_PINS, PINS
from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

KEY = "upstream.a.devices.shed.pins"


def text_of(pins: str) -> str:
    return (
        "devices: {shed: {token: lan}}\n"
        f"upstream: {{a: {{server: nas, devices: {{shed: {{token: t, pins: {pins}}}}}}}}}"
    )


def pins_of(options: Options) -> tuple[MappedPin, ...]:
    return options.upstream["a"].devices["shed"].pins


def pin(local: str, remote: str, dead_band: float = 0.0, min_interval_ms: int = 0) -> MappedPin:
    device, _, name = local.partition("/")
    return MappedPin(PinAddress(device, name), remote, dead_band, min_interval_ms)


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        ("[V5, v06, pi/V1]", (pin("shed/V5", "V5"), pin("shed/V6", "V6"), pin("pi/V1", "V1"))),
        ("{V1: v7, V2: }", (pin("shed/V1", "V7"), pin("shed/V2", "V2"))),
        ("{pi/D5: V1}", (pin("pi/D5", "V1"),)),
        (
            "{V1: {to: V2, dead_band: 0.5, min_interval: 30s}, V3: {dead_band: 1}}",
            (pin("shed/V1", "V2", 0.5, 30_000), pin("shed/V3", "V3", 1.0)),
        ),
    ],
)
def test_pins_without_a_device_are_of_the_mapped_one_and_keep_their_names(
    options_of: OptionsOf, text: str, pins: tuple[MappedPin, ...]
) -> None:
    options = options_of(text_of(text))
    assert pins_of(options) == pins
    assert options.warnings == ()
    assert options_of(text_of(PINS.flow(pins))) == options


def test_pins_are_shown_as_short_as_they_can_be_said() -> None:
    shown = PINS.flow((pin("shed/V1", "V7"), pin("pi/V2", "V2", 0.5, 30_000)))
    assert shown == ('{shed/V1: "V7", pi/V2: {to: "V2", dead_band: 0.5, min_interval: 30s}}')


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[5]", f'{KEY}: found "5", expected a pin of the device, V5, or of any, pi/V5; did you'),
        ("{shed: V1}", f'{KEY}.shed: found "shed", expected a pin of the device'),
        ("{V1: {too: V2}}", f"{KEY}.V1.too: found an unknown key, expected one of to, dead_band,"),
        ("{V1: {dead_band: -1}}", f'{KEY}.V1.dead_band: found "-1", expected a number from 0'),
        ("{V1: {min_interval: 5}}", f'{KEY}.V1.min_interval: found "5", expected a duration'),
        ("{V1: ''}", f'{KEY}.V1: found "", expected a pin, or over MQTT the name of a datastream'),
        ("V5", f'{KEY}: found "V5", expected a list such as [V5, V6], or a mapping such as {{V1:'),
        ("[]", f"{KEY}: found 0 pins, expected 1 to {MAX_PINS}"),
    ],
)
def test_faults_say_what_is_expected(faults_of: FaultsOf, text: str, fault: str) -> None:
    (found,) = faults_of(text_of(text))
    assert found.startswith(f"gateway.yaml:2: {fault}")


def test_more_pins_than_there_are_names_are_refused(faults_of: FaultsOf) -> None:
    text = ", ".join(f"d{number}/V1" for number in range(MAX_PINS + 1))
    (found,) = faults_of(text_of(f"[{text}]"))
    assert found.endswith(f"found {MAX_PINS + 1} pins, expected 1 to {MAX_PINS}")
