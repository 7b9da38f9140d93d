"""What the configuration and an earlier run say of devices, put into the core."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from blynk_gateway.config import Options
from blynk_gateway.config.definitions import definition_of
from blynk_gateway.config.gpio.datastreams import implied_datastreams
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource, new_token
from blynk_gateway.errors import DeviceError, PinError
from blynk_gateway.history.segments.restore import Restored
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts

if TYPE_CHECKING:
    from blynk_gateway.core.device import Device

log = logging.getLogger(__name__)

CONFIG = Origin(OriginKind.GATEWAY, "config")
"""Who brings what the configuration says."""

_RESTORE = Origin(OriginKind.RESTORE)


class DeclaredDevices:
    """Declares devices: those of the file, the gateway's own, and what a command added.

    Args:
        options: those in force.
        open_pins: the gateway's own direct pins with the options in force.
    """

    def __init__(
        self,
        parts: Parts,
        options: Callable[[], Options],
        open_pins: Callable[[], frozenset[str]],
    ) -> None:
        self._parts = parts
        self._options = options
        self._open_pins = open_pins
        self._own_token = ""
        self.own: Device | None = None

    def restore(self, restored: Restored) -> None:
        """Declare everything at a start, and put back what an earlier run kept of it."""
        self._own_token = restored.gateway_token
        registry = self._parts.registry
        registry.use_templates(self._options().templates)
        # The file wins over what a command added under the same name.
        by_slug = {device.slug: device for device in restored.definitions}
        by_slug.update((device.slug, device) for device in self._file_devices())
        self._declare(by_slug.values())
        for device in registry:
            registry.restore(
                device.slug,
                properties=restored.properties.get(device.slug, {}),
                metadata=restored.metadata.get(device.slug, {}),
                info=restored.infos.get(device.slug, ()),
                last_seen_ms=restored.last_seen.get(device.slug, 0),
                modes=restored.modes.get(device.slug, {}),
            )
        for slug, kind, code, description in restored.events:
            if (found := registry.find(slug)) is not None:
                registry.events.restore(found, kind, code, description)
        for slug, pin, value, at_ms in restored.values:
            try:
                self._parts.store.write(slug, pin, value, _RESTORE, Intent.SYNC, at_ms)
            except (PinError, DeviceError) as error:
                # The device is gone, or the datastream has another type now.
                log.debug("value not restored", extra={"pin": f"{slug}/{pin}", "reason": error})

    def reload(self) -> None:
        """Declare what the options in force say, and remove what only earlier ones said."""
        registry = self._parts.registry
        registry.use_templates(self._options().templates)
        wanted = {device.slug: device for device in self._file_devices()}
        for device in list(registry):
            is_ours = device.definition.source in (DeviceSource.FILE, DeviceSource.GATEWAY)
            if is_ours and device.slug not in wanted:
                registry.remove(device.slug, CONFIG)
        self._release_tokens(wanted)
        self._declare(wanted.values())
        self.connect_own()

    def redefine_own(self) -> None:
        """Declare the gateway's own device anew: its pins may have changed."""
        self._parts.registry.redefine(self._own_definition(), CONFIG)

    def connect_own(self) -> None:
        """The gateway's own device is there as long as the daemon is."""
        own = self._parts.registry.find(self._options().gateway.slug)
        if own is not None and own is not self.own:
            self.own = own
            self._parts.registry.connected(own, CONFIG)

    def _file_devices(self) -> Iterable[DeviceDefinition]:
        yield self._own_definition()
        for device in self._options().devices.values():
            yield definition_of(device)

    def _own_definition(self) -> DeviceDefinition:
        options = self._options()
        own = options.gateway
        template = options.templates.get(own.template or "")
        shared = template.datastreams if template is not None else {}
        implied = implied_datastreams(options.gpio)
        open_pins = self._open_pins()
        return DeviceDefinition(
            slug=own.slug,
            name=own.name,
            token=own.token.reveal() if own.token is not None else self._own_token,
            source=DeviceSource.GATEWAY,
            # What the owner says of a pin goes before what its peripheral implies.
            datastreams={**implied, **shared, **own.datastreams},
            pins={pin: direct for pin, direct in own.pins.items() if pin in open_pins},
            open_pins=open_pins,
            events={**(template.events if template is not None else {}), **own.events},
        )

    def _declare(self, definitions: Iterable[DeviceDefinition]) -> None:
        registry = self._parts.registry
        problems = []
        for definition in definitions:
            try:
                if registry.find(definition.slug) is None:
                    registry.add(definition, CONFIG)
                else:
                    registry.redefine(definition, CONFIG)
            except DeviceError as error:
                problems.append(f"{definition.slug}: {error}. {error.hint}")
        state = HealthState.FAILED if problems else HealthState.OK
        self._parts.health.report("devices", state, "\n".join(problems))

    def _release_tokens(self, wanted: Mapping[str, DeviceDefinition]) -> None:
        """Let go of tokens that go from one device to another: else two could never swap theirs."""
        registry = self._parts.registry
        tokens = {definition.token for definition in wanted.values()}
        for slug, definition in wanted.items():
            device = registry.find(slug)
            if device is not None and device.definition.token in tokens - {definition.token}:
                registry.redefine(replace(device.definition, token=new_token()), CONFIG)
