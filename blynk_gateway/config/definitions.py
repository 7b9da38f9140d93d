"""What the core is told of a device that the configuration declares."""

from blynk_gateway.config.options import DeviceOptions
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource


def definition_of(device: DeviceOptions) -> DeviceDefinition:
    """The device as the core has it."""
    return DeviceDefinition(
        slug=device.slug,
        name=device.name,
        token=device.token.reveal(),
        source=DeviceSource.FILE,
        template=device.template,
        datastreams=device.datastreams,
        stale_after_ms=device.stale_after_ms,
        metadata=device.metadata,
        pins=device.pins,
        events=device.events,
    )
