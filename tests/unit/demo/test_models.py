from blynk_gateway.core.value import number
from blynk_gateway.demo.models import Greenhouse, Model, Workshop


def settle(model: Model, seconds: float) -> dict[str, float]:
    values: dict[str, float] = {}
    for _ in range(int(seconds)):
        for pin, value in model.step(1.0):
            reading = number(value)
            assert reading is not None
            values[pin] = reading
    return values


def test_every_report_is_taken_by_its_datastream_as_it_is() -> None:
    for model in (Greenhouse(), Workshop()):
        for _ in range(700):
            for pin, value in model.step(1.0):
                assert model.datastreams[pin].accept(value) == value


def test_readings_change_slowly() -> None:
    greenhouse = Greenhouse()
    last = settle(greenhouse, 1)["V0"]
    for _ in range(600):
        now = settle(greenhouse, 1)["V0"]
        assert abs(now - last) < 1.0
        last = now


def test_the_fan_cools_the_greenhouse() -> None:
    calm, windy = Greenhouse(), Greenhouse()
    windy.written("V3", ("1",))
    assert settle(windy, 60)["V0"] < settle(calm, 60)["V0"] - 3
    windy.written("V3", ("0",))
    assert abs(settle(windy, 240)["V0"] - settle(calm, 240)["V0"]) < 0.5


def test_the_relay_cuts_the_power_and_reports_it_at_once() -> None:
    workshop = Workshop()
    assert workshop.power_w > 50
    assert workshop.written("V2", ("0",)) == [("V0", ("0.4",))]
    assert settle(workshop, 5)["V0"] == 0.4


def test_the_lamp_draws_by_its_brightness() -> None:
    workshop = Workshop()
    before = workshop.power_w
    workshop.written("V3", ("255", "255", "255"))
    assert abs(workshop.power_w - before - Workshop.LAMP_W) < 0.01


def test_the_energy_counter_goes_on_from_the_server_and_never_back() -> None:
    workshop = Workshop()
    workshop.written("V1", ("12.5",))
    assert settle(workshop, 3600)["V1"] > 12.5
    workshop.written("V1", ("1",))
    assert settle(workshop, 1)["V1"] > 12.5


def test_a_pin_nobody_knows_is_ignored() -> None:
    assert Workshop().written("V99", ("1",)) == []
    assert Greenhouse().written("V99", ("1",)) == []
