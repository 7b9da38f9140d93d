from blynk_gateway.mqtt.bindings.fuse import MEND_S, Fuses
from blynk_gateway.mqtt.bindings.pauses import Pauses
from blynk_gateway.runtime.health import Health, HealthState
from tests.helpers.bindings import FakeTimers
from tests.helpers.clock import FakeClock


def made() -> tuple[FakeTimers, Health, Fuses]:
    timers = FakeTimers(FakeClock())
    health = Health()
    return timers, health, Fuses(health, Pauses(timers))


def test_blown_fuse_names_the_binding_and_what_to_do() -> None:
    _, health, fuses = made()
    fuses.blown("z/lamp lamp/V1")
    state, detail = health.components["mqtt_loop"]
    assert state is HealthState.DEGRADED
    assert '"z/lamp lamp/V1"' in detail
    assert "take one of the two bindings away" in detail


def test_fuse_mends_after_quiet() -> None:
    timers, health, fuses = made()
    fuses.blown("a")
    timers.advance(0.4 * MEND_S)
    fuses.blown("a")
    timers.advance(0.4 * MEND_S)
    assert health.components["mqtt_loop"].state is HealthState.DEGRADED
    timers.advance(1.6 * MEND_S)
    assert health.state is HealthState.OK
    assert health.counters["mqtt_fuse_blown"] == 2


def test_fuses_mend_one_by_one() -> None:
    timers, health, fuses = made()
    fuses.blown("a")
    timers.advance(0.45 * MEND_S)
    fuses.blown("b")
    timers.advance(1.6 * MEND_S)
    assert health.state is HealthState.OK
    fuses.blown("c")
    assert '"a"' not in health.components["mqtt_loop"].detail


def test_end_of_the_connection_ends_every_loop() -> None:
    _, health, fuses = made()
    fuses.clear()
    assert health.components == {}
    fuses.blown("a")
    fuses.clear()
    assert health.state is HealthState.OK


def test_dozens_of_bindings_give_a_readable_line() -> None:
    _, health, fuses = made()
    for number in range(50):
        fuses.blown(f"t{number} lamp/V1")
    assert len(health.components["mqtt_loop"].detail) < 500
