"""What a device is told that asks for more than there is."""

from blynk_gateway.errors import DeviceError


class NoSuchTopic(DeviceError):
    """The device API has no topic of this name."""

    code = "device.topic"
    hint = "Compare it with the list in docs/guide/mqtt-device-api.md; names are case sensitive."


class OverQuota(DeviceError):
    """The device sends more than it may."""

    code = "device.quota"
    hint = "Let it send less; `server.quota` says how many messages a second are taken."


class UnknownLocation(DeviceError):
    """Nobody said where the device is."""

    code = "device.location"
    hint = "Give the device the metadata field loc.latlon, for example `52.52,13.405`."
