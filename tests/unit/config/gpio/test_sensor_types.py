from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.sensors import (
    Gauge,
    HwmonOptions,
    IioOptions,
    OneWireOptions,
    PingOptions,
    SystemOptions,
    TimeWindowOptions,
)

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def gpio(text: str) -> str:
    return f"gpio: {{peripherals: {{x: {{pin: V1, {text}}}}}}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "type: iio, device: bme280@76, channel: temp, scale: 1.8, offset: 32, decimals: 1",
            IioOptions(
                name="x",
                type="iio",
                pin="V1",
                device="bme280@76",
                channel="temp",
                scale=1.8,
                offset=32,
                decimals=1,
            ),
        ),
        (
            "type: hwmon, device: pwmfan, channel: fan1, every: 100ms",
            HwmonOptions(
                name="x", type="hwmon", pin="V1", device="pwmfan", channel="fan1", every_ms=100
            ),
        ),
        (
            "type: ds18b20, id: 28-0123456789ab, every: 1s, smoothing: 2, offset: -0.5",
            OneWireOptions(
                name="x",
                type="ds18b20",
                pin="V1",
                id="28-0123456789ab",
                every_ms=1000,
                smoothing=2,
                offset=-0.5,
            ),
        ),
        ("type: ds18b20, id: null", OneWireOptions(name="x", type="ds18b20", pin="V1")),
        (
            "type: disk, path: /srv, every: 10m, deadband: 1, heartbeat: 1h",
            SystemOptions(
                name="x",
                type="disk",
                pin="V1",
                path="/srv",
                every_ms=600_000,
                deadband=1,
                heartbeat_ms=3_600_000,
            ),
        ),
        (
            "type: time_window, start: 17:30, end: 01:00",
            TimeWindowOptions(name="x", type="time_window", pin="V1", start=1050, end=60),
        ),
        (
            "type: ping, host: router.lan, every: 1m, timeout: 1m",
            PingOptions(
                name="x",
                type="ping",
                pin="V1",
                host="router.lan",
                every_ms=60_000,
                timeout_ms=60_000,
            ),
        ),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) else "",
)
def test_keys_become_options(options_of: OptionsOf, text: str, expected: PeripheralOptions) -> None:
    assert options_of(gpio(text)).gpio.peripherals == {"x": expected}


@pytest.mark.parametrize("gauge", Gauge)
def test_every_gauge_of_the_pi_is_a_type(options_of: OptionsOf, gauge: Gauge) -> None:
    assert options_of(gpio(f"type: {gauge}, every: 1s")).gpio.peripherals == {
        "x": SystemOptions(name="x", type=gauge, pin="V1", every_ms=1000)
    }


@pytest.mark.parametrize("gauge", [Gauge.THROTTLED, Gauge.UNDER_VOLTAGE])
@pytest.mark.parametrize("key", ["deadband: 1", "smoothing: 2", "decimals: 1", "path: /"])
def test_flags_are_not_averaged_or_rounded(faults_of: FaultsOf, gauge: Gauge, key: str) -> None:
    (fault,) = faults_of(gpio(f"type: {gauge}, {key}"))
    assert f"which {gauge} does not have" in fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("type: ds18b20, every: 999ms", "30d or 1y, from 1s to 1d"),
        ("type: cpu_load, every: 500ms", "30d or 1y, from 1s to 1d"),
        ("type: iio, device: a, channel: b, every: 99ms", "30d or 1y, from 100ms to 1d"),
        (
            "type: time_window, start: 7:00, end: 07:00",
            'x.end: found "07:00", expected another time than start: it would never be on',
        ),
        (
            "type: ping, host: a, every: 1s",
            "x.timeout: found 2s, expected at most every, which is 1s",
        ),
        ("type: ping, host: a b", 'found "a b", expected a host name or an IP address'),
        ("type: ping, host: 1.2.3", 'found "1.2.3", expected a host name or an IP address'),
    ],
)
def test_what_cannot_work_is_refused(faults_of: FaultsOf, text: str, complaint: str) -> None:
    (fault,) = faults_of(gpio(text))
    assert fault.endswith(complaint)
