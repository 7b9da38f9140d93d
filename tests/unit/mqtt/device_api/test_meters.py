from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.mqtt.device_api.meters import Meters


class Quota:
    """What the configuration says now."""

    def __init__(self, per_second: int, burst: int) -> None:
        self.options = QuotaOptions(per_second, burst)

    def __call__(self) -> QuotaOptions:
        return self.options


def test_a_device_may_send_its_burst_and_then_its_rate() -> None:
    meters = Meters(Quota(10, 3))
    assert [meters.may_send("shed", 0.0) for _ in range(4)] == [True, True, True, False]
    assert meters.may_send("shed", 0.1)
    assert not meters.may_send("shed", 0.1)


def test_one_device_does_not_use_up_the_quota_of_another() -> None:
    meters = Meters(Quota(10, 1))
    assert meters.may_send("shed", 0.0)
    assert meters.may_send("barn", 0.0)


def test_no_quota_lets_everything_pass() -> None:
    meters = Meters(Quota(0, 0))
    assert all(meters.may_send("shed", 0.0) for _ in range(1000))


def test_another_quota_counts_from_its_reload_on() -> None:
    quota = Quota(10, 1)
    meters = Meters(quota)
    assert meters.may_send("shed", 0.0)
    quota.options = QuotaOptions(10, 2)
    assert [meters.may_send("shed", 0.0) for _ in range(3)] == [True, True, False]


def test_a_removed_device_leaves_nothing_behind() -> None:
    meters = Meters(Quota(10, 1))
    assert meters.may_send("shed", 0.0)
    meters.forget("shed")
    assert meters.may_send("shed", 0.0)
    meters.forget("nobody")
