from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.gpio.common import Edge, PeripheralOptions, Pull, Range
from blynk_gateway.config.gpio.inputs import (
    ADC_CHANNELS,
    AdcOptions,
    ButtonOptions,
    CounterOptions,
    DistanceOptions,
    EncoderOptions,
    FrequencyOptions,
    InputOptions,
    LightOptions,
)

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

SAMPLED = "deadband: 0.5, smoothing: 4, decimals: 0, heartbeat: 1m"


def gpio(text: str) -> str:
    return f"gpio: {{peripherals: {{x: {{pin: V1, {text}}}}}}}"


@pytest.mark.parametrize("word", ["input", "motion", "line_sensor"])
def test_inputs_go_by_many_names(options_of: OptionsOf, word: str) -> None:
    text = "line: 5, pull: down, invert: yes, debounce: 300ms, stable: 1s, every: 0s"
    assert options_of(gpio(f"type: {word}, {text}")).gpio.peripherals == {
        "x": InputOptions(
            name="x",
            type=word,
            pin="V1",
            line=5,
            pull=Pull.DOWN,
            invert=True,
            debounce_ms=300,
            stable_ms=1000,
            every_ms=0,
        )
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "type: button, line: 27, hold: 1s, double: 400ms, debounce: 0s, stable: 5ms",
            ButtonOptions(
                name="x",
                type="button",
                pin="V1",
                line=27,
                debounce_ms=0,
                stable_ms=5,
                hold_ms=1000,
                double_ms=400,
            ),
        ),
        (
            "type: button, line: 27, hold: never, double: never, pull: none, invert: true",
            ButtonOptions(name="x", type="button", pin="V1", line=27, pull=Pull.NONE, invert=True),
        ),
        (
            "type: encoder, a: 23, b: 24, range: [0, 50], step: 0.5, wrap: true",
            EncoderOptions(
                name="x",
                type="encoder",
                pin="V1",
                a=23,
                b=24,
                range=Range(0, 50),
                step=0.5,
                wrap=True,
            ),
        ),
        (
            "type: counter, line: 25, edge: both, debounce: 50ms, every: 2s, scale: 0.5",
            CounterOptions(
                name="x",
                type="counter",
                pin="V1",
                line=25,
                edge=Edge.BOTH,
                debounce_ms=50,
                every_ms=2000,
                scale=0.5,
            ),
        ),
        (
            f"type: frequency, line: 26, edge: rising, every: 5s, scale: 2.4, {SAMPLED}",
            FrequencyOptions(
                name="x",
                type="frequency",
                pin="V1",
                line=26,
                edge=Edge.RISING,
                every_ms=5000,
                scale=2.4,
                deadband=0.5,
                smoothing=4,
                decimals=0,
                heartbeat_ms=60_000,
            ),
        ),
        (
            f"type: distance, trigger: 20, echo: 21, max_distance: 200, every: 60ms, {SAMPLED}",
            DistanceOptions(
                name="x",
                type="distance",
                pin="V1",
                trigger=20,
                echo=21,
                max_distance=200,
                every_ms=60,
                deadband=0.5,
                smoothing=4,
                decimals=0,
                heartbeat_ms=60_000,
            ),
        ),
        (
            f"type: light, line: 16, charge: 20ms, range: [100, 0], {SAMPLED}",
            LightOptions(
                name="x",
                type="light",
                pin="V1",
                line=16,
                charge_ms=20,
                range=Range(100, 0),
                deadband=0.5,
                smoothing=4,
                decimals=0,
                heartbeat_ms=60_000,
            ),
        ),
        (
            f"type: mcp3008, channel: 7, differential: true, device: 1, every: 10ms, {SAMPLED}",
            AdcOptions(
                name="x",
                type="mcp3008",
                pin="V1",
                channel=7,
                differential=True,
                device=1,
                every_ms=10,
                deadband=0.5,
                smoothing=4,
                decimals=0,
                heartbeat_ms=60_000,
            ),
        ),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) else "",
)
def test_keys_become_options(options_of: OptionsOf, text: str, expected: PeripheralOptions) -> None:
    assert options_of(gpio(text)).gpio.peripherals == {"x": expected}


@pytest.mark.parametrize(("chip", "channels"), ADC_CHANNELS.items())
def test_converter_has_as_many_channels_as_its_chip(
    options_of: OptionsOf, faults_of: FaultsOf, chip: str, channels: int
) -> None:
    if channels > 1:
        (last,) = options_of(
            gpio(f"type: {chip}, channel: {channels - 1}")
        ).gpio.peripherals.values()
        assert last == AdcOptions(name="x", type=chip, pin="V1", channel=channels - 1)
    (fault,) = faults_of(gpio(f"type: {chip}, channel: {channels}"))
    assert "x.channel: found " in fault


@pytest.mark.parametrize("chip", ["mcp3001", "mcp3201", "mcp3301"])
def test_converter_with_one_channel_has_nothing_to_choose(
    options_of: OptionsOf, faults_of: FaultsOf, chip: str
) -> None:
    assert options_of(gpio(f"type: {chip}")).gpio.peripherals["x"].type == chip
    (fault,) = faults_of(gpio(f"type: {chip}, differential: true"))
    assert "x.differential: found a key of mcp3002" in fault


def test_light_is_read_less_often_than_it_takes(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(gpio("type: light, line: 16, every: 10ms"))
    assert fault.endswith("x.every: found 10ms, expected more than charge, 10ms")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("type: input, line: 5, every: 25h", "from 0s to 1d"),
        ("type: input, line: 5, debounce: 301ms", "from 0s to 300ms"),
        ("type: button, line: 5, debounce: 301ms", "from 0s to 300ms"),
        ("type: counter, line: 5, every: 9ms", "from 10ms to 1d"),
        ("type: frequency, line: 5, every: 99ms", "from 100ms to 1d"),
        ("type: distance, trigger: 5, echo: 6, every: 59ms", "from 60ms to 1d"),
        ("type: mcp3008, every: 9ms", "from 10ms to 1d"),
        ("type: mcp3008, smoothing: 1001", "from 1 to 1000"),
        ("type: mcp3008, decimals: 7", "from 0 to 6"),
        ("type: mcp3008, deadband: -1", "from 0 to 1000000000"),
        ("type: mcp3008, heartbeat: 999ms", "from 1s to 1d, or never"),
    ],
)
def test_limits_are_told(faults_of: FaultsOf, text: str, limit: str) -> None:
    (fault,) = faults_of(gpio(text))
    assert fault.endswith(limit)
