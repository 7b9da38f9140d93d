import pytest

from blynk_gateway.runtime.health import Health, HealthState
from blynk_gateway.runtime.status_line import MAX_LENGTH, Counts, StatusLine
from tests.helpers.clock import FakeClock


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.health = Health()
        self.counts = Counts(devices=3, online=2, changes=100, backlog=0)
        self.status = StatusLine(lambda: self.counts, self.health, self.clock)

    def after(self, seconds: float, changes: int = 0, backlog: int = 0) -> str:
        self.clock.advance(seconds)
        total = self.counts.changes + changes
        self.counts = self.counts._replace(changes=total, backlog=backlog)
        return self.status.line()


def test_the_line_counts_devices_messages_and_what_waits() -> None:
    assert Rig().after(5, changes=60, backlog=7) == "3 devices, 2 online, 12 msg/s, backlog 7"


def test_one_device_is_no_devices() -> None:
    rig = Rig()
    rig.counts = rig.counts._replace(devices=1)
    assert rig.after(5).startswith("1 device, ")


@pytest.mark.parametrize(
    ("changes", "rate"), [(0, "0"), (1, "0.2"), (49, "9.8"), (50, "10"), (77, "15")]
)
def test_slow_rates_have_a_digit_more(changes: int, rate: str) -> None:
    assert f" {rate} msg/s" in Rig().after(5, changes=changes)


def test_the_rate_is_that_since_the_last_line() -> None:
    rig = Rig()
    rig.after(5, changes=500)
    assert "0 msg/s" in rig.after(5)


def test_a_moment_is_too_short_for_a_rate() -> None:
    assert " 3.0 msg/s" in Rig().after(0, changes=3)


def test_the_worst_that_is_wrong_is_told() -> None:
    rig = Rig()
    rig.health.report("mqtt", HealthState.DEGRADED, "the broker is away")
    assert rig.after(5).endswith(", backlog 0; mqtt degraded: the broker is away")
    rig.health.report("history", HealthState.FAILED, "free space on the disk" + " now" * 99)
    line = rig.after(5)
    assert "; history failed: free space on the disk now now" in line
    assert len(line) == MAX_LENGTH


def test_only_another_line_is_told() -> None:
    rig = Rig()
    told: list[str] = []
    rig.after(5)
    rig.clock.advance(5)
    rig.status.refresh(told.append)
    assert told == []
    rig.counts = rig.counts._replace(online=3)
    rig.status.refresh(told.append)
    rig.status.refresh(told.append)
    assert told == ["3 devices, 3 online, 0 msg/s, backlog 0"]
