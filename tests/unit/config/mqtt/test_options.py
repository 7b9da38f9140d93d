import pytest

from blynk_gateway.config.mqtt.options import (
    BindingOptions,
    Direction,
    Discovery,
    MqttOptions,
    ProtocolVersion,
)
from blynk_gateway.config.secret import Secret


def test_defaults_are_those_of_a_broker_on_this_machine() -> None:
    options = MqttOptions()
    assert (options.host, options.port, options.tls) == ("localhost", 1883, None)
    assert (options.base_topic, options.discovery_prefix) == ("blynk", "homeassistant")
    assert options.discovery is Discovery.DEVICE
    assert options.protocol is ProtocolVersion.V3_1_1


def test_binding_reads_unless_it_is_told_otherwise() -> None:
    binding = BindingOptions("a", "pi/V1")
    assert binding.direction is Direction.IN
    assert (binding.scale, binding.offset, binding.round) == (1.0, 0.0, None)


def test_options_never_show_the_password() -> None:
    assert "hidden" not in repr(MqttOptions(password=Secret("hidden")))


@pytest.mark.parametrize("field", ["enabled", "password"])
def test_options_cannot_be_changed(field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(MqttOptions(), field, None)
