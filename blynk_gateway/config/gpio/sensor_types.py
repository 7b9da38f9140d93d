"""The schema of what is read without a GPIO line."""

from collections.abc import Mapping

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.keys import (
    DIRECTORY,
    FACTOR,
    HEARTBEAT_KEY,
    MINUTE_MS,
    ONE_WIRE_ID,
    SECOND_MS,
    SENSOR_NAME,
    TIME_OF_DAY,
    every,
    sampled,
    shape,
)
from blynk_gateway.config.gpio.sensors import (
    HwmonOptions,
    IioOptions,
    OneWireOptions,
    PingOptions,
    SystemOptions,
    TimeWindowOptions,
)
from blynk_gateway.config.kinds import Key, OrNull, Section
from blynk_gateway.config.scalars import (
    HOST,
    NUMBER,
    duration,
    format_duration,
)
from blynk_gateway.config.scope import Scope

MIN_KERNEL_EVERY_MS = 100
"""A driver of the kernel may talk to its chip for that long."""

MIN_TIMEOUT_MS = 100

_LINEAR = (Key("scale", FACTOR), Key("offset", NUMBER))


def _finish_time_window(options: PeripheralOptions, key: str, scope: Scope) -> PeripheralOptions:
    assert isinstance(options, TimeWindowOptions)
    if options.start == options.end:
        shown = TIME_OF_DAY.flow(options.end)
        text = f"found {shown}, expected another time than start: it would never be on"
        scope.fault_at(f"{key}.end", text)
    return options


def _finish_ping(options: PeripheralOptions, key: str, scope: Scope) -> PeripheralOptions:
    assert isinstance(options, PingOptions)
    if options.timeout_ms > options.every_ms:
        found = format_duration(options.timeout_ms)
        expected = f"at most every, which is {format_duration(options.every_ms)}"
        scope.fault_at(f"{key}.timeout", f"found {found}, expected {expected}")
    return options


def _kernel(make: type[PeripheralOptions]) -> Section[PeripheralOptions]:
    names = (Key("device", SENSOR_NAME), Key("channel", SENSOR_NAME))
    return shape(make, names, *_LINEAR, *sampled(MIN_KERNEL_EVERY_MS))


_GAUGE = shape(SystemOptions, (), *sampled(SECOND_MS))

# Flags have no average and no digits behind the point.
_FLAGS = shape(SystemOptions, (), every(SECOND_MS), HEARTBEAT_KEY)

SENSOR_TYPES: Mapping[str, Section[PeripheralOptions]] = {
    "iio": _kernel(IioOptions),
    "hwmon": _kernel(HwmonOptions),
    "ds18b20": shape(
        OneWireOptions,
        (),
        Key("id", OrNull(ONE_WIRE_ID)),
        *_LINEAR,
        # A conversion takes 0.75 s.
        *sampled(SECOND_MS),
    ),
    **dict.fromkeys(("cpu_temperature", "cpu_load", "memory"), _GAUGE),
    "disk": shape(SystemOptions, (), Key("path", DIRECTORY), *sampled(SECOND_MS)),
    **dict.fromkeys(("throttled", "under_voltage"), _FLAGS),
    "time_window": shape(
        TimeWindowOptions,
        (Key("start", TIME_OF_DAY), Key("end", TIME_OF_DAY)),
        finish=_finish_time_window,
    ),
    "ping": shape(
        PingOptions,
        (Key("host", HOST),),
        every(SECOND_MS),
        Key("timeout", duration(MIN_TIMEOUT_MS, MINUTE_MS), "timeout_ms"),
        finish=_finish_ping,
    ),
}
