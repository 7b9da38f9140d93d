"""Pin values over one connection: those that the far end writes, and those that it is sent."""

import logging
from typing import TYPE_CHECKING, TypeAlias

from blynk_gateway.blynk_server.translation import (
    command_pin,
    reported_pin,
    suits,
    wire_pin,
)
from blynk_gateway.core.change import Change, Intent, ModeChange, OriginKind, PinChange
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import first_use
from blynk_gateway.core.past import is_recent
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PinError
from blynk_gateway.protocol.commands import Status
from blynk_gateway.protocol.events import PinWrite
from blynk_gateway.runtime.logs import safe

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection

log = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, Intent]
"""When writes were so, UTC ms, and whether the device says it (PAST) or we do (REPORT)."""

_REPORT = Intent.REPORT


def take_writes(
    connection: "DeviceConnection", device: Device, writes: list[PinWrite], stamp: Stamp
) -> None:
    """Store what came in; a write that is refused is answered by a status."""
    at_ms, intent = stamp
    # Nearly all devices write virtual pins only: nothing is looked up for them.
    is_plain = not (connection.is_own or connection.wire.has_direct_writes)
    write = connection.context.store.write
    slug = device.slug
    origin = connection.origin
    is_logged = log.isEnabledFor(logging.DEBUG)
    for pin, value, message_id in writes:
        if is_logged:
            _log_value("device wrote", connection, device.slug, pin, value)
        try:
            if is_plain:
                write(slug, pin, value, origin, intent, at_ms)
            else:
                _take_write(connection, device, pin, value, stamp)
        except PinError as error:
            connection.wire.respond(message_id, Status.ILLEGAL_COMMAND)
            connection.note_refused("write refused", error)


def deliver_change(connection: "DeviceConnection", change: Change, bridge_id: int) -> None:
    """Queue a change for the far end.

    Args:
        change: one of those that `PinBus.subscribe_commands` promises.
        bridge_id: message id of the bridge write that led to it, 0 for none or one that is unknown.
    """
    if isinstance(change, ModeChange):
        if not (connection.is_own or connection.is_opening):
            connection.direct.change({change.pin: change.direct})
        return
    assert isinstance(change, PinChange), "commands are changes of pins and their modes"
    pin = change.pin
    if pin[0] != "V":
        state = connection.context.store.find(change.device, pin)
        direct = (None if state is None else state.direct) or first_use(pin)
        # The replay of one that is opening will have it, behind the pin's mode. And the mode may be
        # another by now: as `dw` the 5 of a dimmer would be full on.
        if not connection.is_own and (
            connection.is_opening or not suits(pin, direct, change.value)
        ):
            return
        pin = wire_pin(pin, direct.mode)
    if change.origin.kind is OriginKind.DEVICE and not connection.is_own:
        message_id = bridge_id or change.seq % 65_535 + 1
        is_sent = connection.wire.send_bridge(pin, change.value, message_id)
    else:
        is_sent = connection.wire.send_pin(pin, change.value)
    if not is_sent:
        connection.note_unsent(change.pin)
    elif log.isEnabledFor(logging.DEBUG):
        _log_value("value sent", connection, change.device, change.pin, change.value)


def group_stamp(connection: "DeviceConnection", group_at_ms: int | None, at_ms: int) -> Stamp:
    """The stamp of a group of writes: the device's own time if it is credible, else ours."""
    if group_at_ms is None:
        return at_ms, _REPORT
    if is_recent(group_at_ms, at_ms):
        return group_at_ms, Intent.PAST
    slug = connection.device.slug if connection.device is not None else ""
    connection.context.log_limited(
        logging.WARNING,
        "the device's time is not within 31 days ago and 5 minutes ahead; ours was taken",
        slug,
        device=slug,
        at_ms=group_at_ms,
    )
    return at_ms, _REPORT


def _take_write(
    connection: "DeviceConnection", device: Device, pin: str, value: PinValue, stamp: Stamp
) -> None:
    at_ms, intent = stamp
    context = connection.context
    if connection.is_own:
        command_pin(context, device, pin, value, connection.origin)
        return
    if pin[0] == "A":
        pin = reported_pin(context, device.slug, pin)
    context.store.write(device.slug, pin, value, connection.origin, intent, at_ms)
    connection.direct.told(pin)


def _log_value(
    message: str, connection: "DeviceConnection", slug: str, pin: str, value: PinValue
) -> None:
    log.debug(
        message,
        extra={
            "device": slug,
            "pin": pin,
            "value": safe(" ".join(value)),
            "peer": connection.peer,
        },
    )
