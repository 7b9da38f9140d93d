from blynk_gateway.automations.notifications import caps
from blynk_gateway.automations.notifications.caps import HourlyCap, RuleLimits


def test_a_rule_may_tell_again_after_its_limit() -> None:
    limits = RuleLimits()
    assert limits.take("hot", 5000, 100.0)
    assert not limits.take("hot", 5000, 104.9)
    assert limits.take("cold", 5000, 104.9), "another rule has a limit of its own"
    assert limits.take("hot", 5000, 105.0)
    assert not limits.take("hot", 5000, 109.0), "one that was held back does not count"


def test_rules_beyond_measure_are_forgotten_rather_than_kept() -> None:
    limits = RuleLimits()
    for number in range(caps.MAX_KEYS + 1):
        assert limits.take(number, 5000, 0.0)
    assert not limits.take(caps.MAX_KEYS, 5000, 1.0)
    assert limits.take(0, 5000, 1.0)


def test_the_cap_counts_any_hour_and_not_those_of_the_clock() -> None:
    cap = HourlyCap(2)
    assert cap.take(0.0)
    assert cap.take(3000.0)
    assert not cap.take(3599.0)
    assert cap.take(3600.0)
    assert not cap.take(6599.0)
    assert cap.take(6600.0)


def test_people_are_told_of_a_cap_once_an_hour() -> None:
    cap = HourlyCap(1)
    assert cap.may_tell(0.0)
    assert not cap.may_tell(3599.0)
    assert cap.may_tell(3600.0)


def test_a_cap_of_0_is_none() -> None:
    cap = HourlyCap(0)
    assert all(cap.take(0.0) for _ in range(100))
    cap.cap = 1
    assert cap.take(1.0)
    assert not cap.take(2.0)
