"""The broker: every pin has topics, Home Assistant finds everything, any topic binds to a pin.

`MqttAdapter` keeps one connection and gives it to features, each of which does one thing there.
"""

from blynk_gateway.mqtt.adapter import MqttAdapter

__all__ = ["MqttAdapter"]
