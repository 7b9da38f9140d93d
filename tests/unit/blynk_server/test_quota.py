from blynk_gateway.blynk_server.quota import (
    MAX_WAIT_S,
    DeviceLimits,
    Limits,
)
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import MAX_DEVICES, DeviceRegistry
from blynk_gateway.core.store import PinStore
from tests.helpers.clock import FakeClock

QUOTA = QuotaOptions(messages_per_second=100, burst=200)


def test_a_burst_is_free_and_a_debt_is_waited_for() -> None:
    limits = DeviceLimits(QUOTA, 0.0)
    assert limits.charge(200, 0.0) == 0.0
    assert limits.charge(100, 0.0) == 1.0
    assert limits.charge(100, 1.0) == 1.0


def test_a_device_that_waited_long_enough_is_refused_until_its_debt_is_paid() -> None:
    limits = DeviceLimits(QUOTA, 0.0)
    limits.charge(200, 0.0)
    now = 0.0
    while (wait_s := limits.charge(100, now)) is not None:
        now += wait_s
    assert now == MAX_WAIT_S
    # What was refused does not count: the bucket fills meanwhile.
    assert limits.charge(100, now) is None
    assert limits.charge(100, now + 1) == 0.0


def test_more_at_once_than_can_be_waited_for_is_refused_and_forgotten() -> None:
    limits = DeviceLimits(QUOTA, 0.0)
    assert limits.charge(601, 0.0) is None
    assert limits.charge(200, 0.0) == 0.0


def test_no_quota_never_waits() -> None:
    limits = DeviceLimits(QuotaOptions(messages_per_second=0), 0.0)
    assert limits.charge(10**9, 0.0) == 0.0


def test_channels_are_limited_each_by_itself() -> None:
    limits = DeviceLimits(QUOTA, 0.0)
    assert limits.may_notify("email", 0.0)
    assert limits.may_notify("sms", 1.0)
    assert not limits.may_notify("email", 4.9)
    assert limits.may_notify("email", 5.0)


def test_limits_belong_to_the_device_and_change_with_the_configuration() -> None:
    clock = FakeClock()
    bus = PinBus()
    registry = DeviceRegistry(bus, PinStore(bus, clock), clock)
    limits = Limits(registry, QUOTA)
    assert limits.of("greenhouse", 0.0) is limits.of("greenhouse", 9.0)
    limits.set_quota(QuotaOptions(messages_per_second=0), 9.0)
    assert limits.of("greenhouse", 9.0).charge(10_000, 9.0) == 0.0


def test_limits_of_removed_devices_are_forgotten() -> None:
    clock = FakeClock()
    bus = PinBus()
    registry = DeviceRegistry(bus, PinStore(bus, clock), clock)
    registry.add(DeviceDefinition("kept", "Kept", "token"), Origin(OriginKind.API))
    limits = Limits(registry, QUOTA)
    kept = limits.of("kept", 0.0)
    removed = limits.of("gone-0", 0.0)
    for number in range(1, MAX_DEVICES):
        limits.of(f"gone-{number}", 0.0)
    assert limits.of("kept", 0.0) is kept
    assert limits.of("gone-0", 0.0) is not removed
