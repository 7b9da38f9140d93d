"""What comes down: commands, metadata and the state of apps above."""

import logging
from typing import TYPE_CHECKING

from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.change import Intent
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.logs import Repeats, safe
from blynk_gateway.upstream.parts import MappingParts

if TYPE_CHECKING:
    from blynk_gateway.upstream.ascent import Ascent

log = logging.getLogger(__name__)


class Arrivals:
    """Meets `upstream.route.Below`.

    A command that crosses a change of ours on the way would leave the two ends with each other's
    values. So it is obeyed, and then told like any change made here: both end with the same.

    Attributes:
        ascent: of the connection; None where nothing can be under way.
    """

    def __init__(self, parts: MappingParts) -> None:
        self.ascent: Ascent | None = None
        self._parts = parts
        self._repeats = Repeats(parts.clock)

    def written(self, pin: str, value: PinValue) -> None:
        """Obey."""
        mapped = self._parts.names.above(pin)
        if mapped is None:
            self._parts.health.count("upstream_unmapped_writes")
        else:
            self.take(mapped, value)

    def take(self, mapped: MappedPin, value: PinValue) -> None:
        """Write what stands above to the pin here."""
        parts, local = self._parts, mapped.local
        parts.catch_up()
        ascent = self.ascent
        is_crossed = ascent is not None and ascent.is_telling(local)
        if ascent is not None:
            ascent.stands_above(local, value)
        try:
            change = parts.store.write(*local, value, parts.origin, Intent.COMMAND)
        except GatewayError as error:
            parts.health.count("upstream_commands_refused")
            if self._repeats.allow(local) is not None:
                reason = safe(str(error), 200)
                log.warning("command from above refused", extra={"pin": local, "reason": reason})
            if ascent is not None:
                ascent.tell(local)
                parts.wake.set()
            return
        assert change is not None, "only a SYNC may be dropped"
        if is_crossed or change.value != value:
            return
        parts.noticed.echo(change.seq)
        parts.standing.agree(local, change.value, parts.clock.monotonic())

    def metadata_set(self, field: str, value: str) -> None:
        """Keep a field that is to be equal at both ends."""
        parts = self._parts
        device = parts.registry.find(parts.mapping.slug)
        if device is None or field not in parts.mapping.metadata:
            return
        if device.metadata.get(field) == value:
            return
        try:
            parts.registry.set_metadata(device, field, value, parts.origin)
        except GatewayError as error:
            extra = {"device": device.slug, "reason": safe(str(error), 200)}
            log.warning("metadata from above refused", extra=extra)

    def app_changed(self, is_active: bool) -> None:
        """Tell the devices whose pins these are."""
        for slug in self._parts.names.devices:
            self._parts.apps.changed(self._parts.key, slug, is_active=is_active)
