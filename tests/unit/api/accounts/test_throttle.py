import pytest

from blynk_gateway.api.accounts import throttle
from blynk_gateway.api.accounts.throttle import (
    AT_ONCE,
    NAME_AT_ONCE,
    SPARED_AGAIN_S,
    Brake,
    LoginThrottle,
    network_of,
)
from blynk_gateway.api.faults import Throttled
from tests.helpers.clock import FakeClock


def is_held(one: LoginThrottle, peer: str, name: str = "") -> bool:
    try:
        one.check(peer, name)
    except Throttled:
        return True
    return False


def test_brake_lets_some_through_and_then_one_from_time_to_time() -> None:
    clock = FakeClock()
    brake = Brake(clock, 0.5, 3)
    assert [brake.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert brake.take("b")
    clock.advance(2)
    assert [brake.take("a"), brake.take("a")] == [True, False]
    brake.release("a")
    assert brake.take("a")


def test_key_that_has_not_failed_may_try_without_being_counted() -> None:
    brake = Brake(FakeClock(), 1, 1)
    assert brake.try_again("a")
    assert not brake.knows("a")
    assert brake.take("a")
    assert brake.knows("a")
    assert not brake.try_again("a")


def test_brake_forgets_whoever_tried_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 2)
    brake = Brake(FakeClock(), 1, 1)
    for key in ("a", "b", "a", "c"):
        brake.take(key)
    assert (brake.knows("a"), brake.knows("b"), brake.knows("c")) == (True, False, True)


def test_address_is_held_up_after_its_failures_whatever_the_name() -> None:
    clock = FakeClock()
    one = LoginThrottle(clock)
    assert not any(is_held(one, "10.0.0.1", f"user{number}") for number in range(AT_ONCE))
    assert is_held(one, "10.0.0.1", "ann")
    assert is_held(one, "10.0.0.1")
    assert not is_held(one, "10.0.0.2", "ann")
    clock.advance(5)
    assert not is_held(one, "10.0.0.1", "ann")
    one.succeeded("10.0.0.1", "ann")
    assert not any(is_held(one, "10.0.0.1") for _ in range(AT_ONCE))


def test_name_is_held_up_when_many_addresses_guess() -> None:
    one = LoginThrottle(FakeClock())
    peers = [f"10.0.0.{number}" for number in range(NAME_AT_ONCE)]
    assert not any(is_held(one, peer, "ann") for peer in peers)
    assert all(is_held(one, peer, "ann") for peer in peers)
    assert not is_held(one, peers[0], "ben")


def test_nobody_can_lock_a_person_out() -> None:
    clock = FakeClock()
    one = LoginThrottle(clock)
    peers = [f"10.0.0.{number}" for number in range(100)]
    for peer in peers:
        is_held(one, peer, "ann")
    assert is_held(one, peers[0], "ann")
    # An address of its own gets one try whatever others do, and a further one later.
    assert not is_held(one, "10.0.1.1", "ann")
    assert is_held(one, "10.0.1.1", "ann")
    for _ in range(100):
        clock.advance(SPARED_AGAIN_S / 100)
        for peer in peers[:5]:
            is_held(one, peer, "ann")
    for peer in peers[50:]:
        is_held(one, peer, "ann")
    assert not is_held(one, "10.0.1.1", "ann")


def test_tries_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 3)
    one = LoginThrottle(FakeClock())
    for number in range(10):
        one.check(f"10.0.0.{number}", "ann")
    assert len(one._tried) == 3


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("odd", "odd"),
    ],
)
def test_ipv6_host_counts_as_its_network(peer: str | None, network: str) -> None:
    assert network_of(peer) == network


def test_long_names_fill_no_memory() -> None:
    one = LoginThrottle(FakeClock())
    assert not is_held(one, "10.0.0.1", "x" * 60_000)
    (key,) = one._names._buckets
    assert len(key) == throttle.MAX_NAME
    one.succeeded("10.0.0.1", "x" * 60_000)
    assert (len(one._names._buckets), len(one._tried)) == (0, 0)
