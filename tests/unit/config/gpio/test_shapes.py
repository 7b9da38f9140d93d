from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.config.gpio.shapes import every, sampled, shape
from blynk_gateway.config.kinds import Key
from blynk_gateway.config.scalars import HOST


def test_needed_keys_come_first_and_the_pin_always_is_one() -> None:
    made = shape(PingOptions, (Key("host", HOST),), every(1000))
    assert [key.name for key in made.keys] == ["type", "host", "pin", "every"]
    assert made.required == ("host", "pin")


def test_readings_have_an_interval_of_at_least_what_was_said() -> None:
    keys = {key.name: key for key in sampled(60)}
    assert list(keys) == ["every", "deadband", "smoothing", "decimals", "heartbeat"]
    assert keys["every"].target == "every_ms"
    assert "from 60ms to 1d" in getattr(keys["every"].kind, "expected", "")
