import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import MAX_DEVICES, DeviceRegistry
from blynk_gateway.core.pairing import MAX_REFUSED, Pairing, RefusedLogin
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import DeviceError, DeviceExists
from tests.helpers.clock import FakeClock

CONFIG = Origin(OriginKind.GATEWAY, "config")


class Fixture:
    def __init__(self) -> None:
        self.clock = FakeClock()
        bus = PinBus()
        self.registry = DeviceRegistry(bus, PinStore(bus, self.clock), self.clock)
        self.pairing = Pairing(self.registry, self.clock)

    def fill(self) -> None:
        for number in range(MAX_DEVICES):
            definition = DeviceDefinition(f"d{number}", "D", f"token-{number}")
            self.registry.add(definition, CONFIG)


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_pairing_is_closed_at_first(fixture: Fixture) -> None:
    assert fixture.pairing.seconds_left == 0
    assert fixture.pairing.admit("token", "10.0.0.1") is None
    assert len(fixture.registry) == 0


def test_an_unknown_token_becomes_a_device_while_pairing_is_open(fixture: Fixture) -> None:
    fixture.pairing.open(60)
    device = fixture.pairing.admit("token", "10.0.0.1")
    assert device is not None
    assert device is fixture.registry.find_by_token("token")
    assert device.definition == DeviceDefinition(
        "device-1", "Device 1", "token", DeviceSource.PAIRED
    )
    assert fixture.pairing.refused == []


def test_pairing_closes_by_itself(fixture: Fixture) -> None:
    fixture.pairing.open(60)
    fixture.clock.advance(59.5)
    assert fixture.pairing.seconds_left == pytest.approx(0.5)
    fixture.clock.advance(0.5)
    assert fixture.pairing.seconds_left == 0
    assert fixture.pairing.admit("token", "10.0.0.1") is None


def test_pairing_can_be_closed_early(fixture: Fixture) -> None:
    fixture.pairing.open(60)
    fixture.pairing.open(0)
    assert fixture.pairing.admit("token", "10.0.0.1") is None


def test_names_that_are_taken_are_passed_over(fixture: Fixture) -> None:
    fixture.registry.add(DeviceDefinition("device-2", "Mine", "mine"), CONFIG)
    slugs = [fixture.pairing.adopt(token).slug for token in ("a", "b")]
    assert slugs == ["device-1", "device-3"]


def test_refused_logins_are_counted_latest_last(fixture: Fixture) -> None:
    pairing, clock = fixture.pairing, fixture.clock
    start = clock.now_ms()
    pairing.admit("a", "10.0.0.1")
    clock.advance(1)
    pairing.admit("b", "10.0.0.2")
    clock.advance(1)
    pairing.admit("a", "10.0.0.3")
    assert pairing.refused == [
        RefusedLogin("b", "10.0.0.2", start + 1000, start + 1000, 1),
        RefusedLogin("a", "10.0.0.3", start, start + 2000, 2),
    ]


def test_only_the_latest_refused_logins_are_remembered(fixture: Fixture) -> None:
    for number in range(MAX_REFUSED + 1):
        fixture.pairing.admit(str(number), "10.0.0.1")
    tokens = [login.token for login in fixture.pairing.refused]
    assert tokens == [str(number) for number in range(1, MAX_REFUSED + 1)]


def test_a_malformed_token_is_refused_even_while_pairing_is_open(fixture: Fixture) -> None:
    fixture.pairing.open(60)
    assert fixture.pairing.admit("a b", "10.0.0.1") is None
    assert [login.token for login in fixture.pairing.refused] == ["a b"]


def test_a_login_is_refused_when_there_is_no_room(fixture: Fixture) -> None:
    fixture.fill()
    fixture.pairing.open(60)
    assert fixture.pairing.admit("one too many", "10.0.0.1") is None
    assert fixture.pairing.admit("one-too-many", "10.0.0.1") is None
    assert len(fixture.pairing.refused) == 2


def test_a_refused_token_can_be_adopted_later(fixture: Fixture) -> None:
    fixture.pairing.admit("token", "10.0.0.1")
    assert fixture.pairing.adopt("token") is fixture.registry.find_by_token("token")
    assert fixture.pairing.refused == []


def test_a_token_is_adopted_once(fixture: Fixture) -> None:
    fixture.pairing.adopt("token")
    with pytest.raises(DeviceExists):
        fixture.pairing.adopt("token")
    with pytest.raises(DeviceError, match="unusable"):
        fixture.pairing.adopt("a/b")
    assert len(fixture.registry) == 1
