"""Placeholders in texts: `{value}`, `{greenhouse/V6}`, Blynk's `{device_pinValue}`, legacy `/pin/`.

1. What stands in braces and means nothing here stays as it is; JSON needs no escaping.
2. What means something but has no value at the moment is empty.
3. Values are filled in as they are: one that looks like a placeholder is not filled in again.

A text is taken apart once; filling it in joins its parts.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from blynk_gateway.automations.cause import Cause
from blynk_gateway.config.options import GatewayOptions
from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.device import Device
from blynk_gateway.core.metadata import find_metadata
from blynk_gateway.core.value import SEPARATOR, PinValue, printable
from blynk_gateway.errors import UnknownPin
from blynk_gateway.runtime.parts import Parts

JOINER = ", "
"""Between the parameters of a value with several."""

_CACHED_TEXTS = 4096
"""Texts that are kept taken apart: those of the configuration, which has rarely more."""

_EMAIL_FIELD = "Device Owner"

# A name in braces has no braces in it, and none is longer than a metadata field with its prefix.
_BRACES = r"\{([^{}\n]{1,80})\}"
_PATTERN = re.compile(_BRACES)
# Source of the legacy ones: blynk-protocol §9.6; the owner's address in letters of either case.
_LEGACY = re.compile(
    _BRACES + r"|(/pin/)|/pin\[([0-9])\]/|(/datetime_iso/)|(%s)|((?i:device_owner_email))"
)
_INDEXED = re.compile(r"(value|previous|device_pinValue)\[([0-9]{1,3})\]")


class _Moment:
    """What a text is filled in for."""

    __slots__ = ("cause", "gateway", "joiner", "parts", "rule")

    def __init__(
        self, parts: Parts, gateway: GatewayOptions, cause: Cause, rule: str, joiner: str
    ) -> None:
        self.parts = parts
        self.gateway = gateway
        self.cause = cause
        self.rule = rule
        self.joiner = joiner

    @property
    def device(self) -> Device | None:
        """The one that the cause is about, None for none."""
        return self.parts.registry.find(self.cause.device)

    @property
    def datastream(self) -> Datastream | None:
        """Of the pin that the cause is about."""
        return self.parts.store.find_datastream(self.cause.device, self.cause.pin)


_Value: TypeAlias = Callable[[_Moment], str | None]
"""What a placeholder stands for; None to leave it as it is."""


class _Slot(NamedTuple):
    """A placeholder in a text."""

    written: str
    value: _Value
    is_secret: bool = False


class Placeholders:
    """Fills texts in.

    Args:
        gateway: the gateway's own device as configured now.
    """

    def __init__(self, parts: Parts, gateway: Callable[[], GatewayOptions]) -> None:
        self._parts = parts
        self._gateway = gateway

    @property
    def own(self) -> str:
        """Slug of the gateway's own device."""
        return self._gateway().slug

    def fill(
        self,
        text: str,
        cause: Cause,
        *,
        rule: str = "",
        escape: Callable[[str], str] = str,
        with_token: bool = False,
        is_legacy: bool = True,
    ) -> str:
        """The text with everything filled in.

        Args:
            rule: name of the rule that runs.
            escape: what is done to each value before it goes in, not to the text around it.
            with_token: whether `{device_authToken}` may be told.
            is_legacy: whether `/pin/`, `%s` and the like mean something.
        """
        pieces = _parse(text, is_legacy)
        if pieces is None:
            return text
        moment = self._moment(cause, rule, JOINER)
        filled: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                filled.append(piece)
                continue
            value = None if piece.is_secret and not with_token else piece.value(moment)
            filled.append(piece.written if value is None else escape(printable(value)))
        return "".join(filled)

    def fill_value(self, value: PinValue, cause: Cause, rule: str) -> PinValue:
        """The parameters to write; a text that is one placeholder takes all of its parameters.

        Bytes that are no text go through unchanged. Empty if a value has no parameter.
        """
        moment = self._moment(cause, rule, SEPARATOR)
        parameters: list[str] = []
        for text in value:
            pieces = _parse(text, False)
            if pieces is None:
                parameters.append(text)
            elif len(pieces) == 1 and isinstance(pieces[0], _Slot):
                filled = self._raw(pieces[0], moment)
                # An empty text is a value as any other; nothing at all is none.
                if filled or "" in cause.value:
                    parameters.extend(filled.split(SEPARATOR))
            else:
                joined = "".join(
                    piece if isinstance(piece, str) else self._raw(piece, moment)
                    for piece in pieces
                )
                parameters.append(joined.replace(SEPARATOR, JOINER))
        return tuple(parameters)

    def _raw(self, slot: _Slot, moment: _Moment) -> str:
        value = None if slot.is_secret else slot.value(moment)
        return slot.written if value is None else value

    def _moment(self, cause: Cause, rule: str, joiner: str) -> _Moment:
        return _Moment(self._parts, self._gateway(), cause, rule, joiner)


def has_placeholders(text: str, *, is_legacy: bool = True) -> bool:
    """Whether filling it in could change anything."""
    return _parse(text, is_legacy) is not None


def addresses(text: str) -> list[PinAddress]:
    """The pins whose values a text holds, in order."""
    found = (_find_address(match[1]) for match in _PATTERN.finditer(text))
    return [address for address in found if address is not None]


@lru_cache(_CACHED_TEXTS)
def _parse(text: str, is_legacy: bool) -> tuple[str | _Slot, ...] | None:
    """The text in pieces, None if it has no placeholder."""
    pieces: list[str | _Slot] = []
    end = 0
    for match in (_LEGACY if is_legacy else _PATTERN).finditer(text):
        slot = _slot(match)
        if slot is None:
            continue
        if match.start() > end:
            pieces.append(text[end : match.start()])
        pieces.append(slot)
        end = match.end()
    if not pieces:
        return None
    if end < len(text):
        pieces.append(text[end:])
    return tuple(pieces)


def _slot(match: re.Match[str]) -> _Slot | None:
    name = match[1]
    if name is None:
        return _legacy_slot(match)
    value = _NAMES.get(name) or _named_value(name)
    return None if value is None else _Slot(match[0], value, name == _TOKEN)


def _legacy_slot(match: re.Match[str]) -> _Slot:
    if match[3] is not None:
        return _Slot(match[0], _parameter("value", int(match[3])))
    if match[4] is not None:
        return _Slot(match[0], _NAMES["timestamp_iso8601"])
    return _Slot(match[0], _NAMES["value" if match[6] is None else "DEVICE_OWNER_EMAIL"])


def _named_value(name: str) -> _Value | None:
    """What a name stands for that holds more than itself."""
    if indexed := _INDEXED.fullmatch(name):
        return _parameter("previous" if indexed[1] == "previous" else "value", int(indexed[2]))
    if name.startswith("device_metadata_"):
        field = name.removeprefix("device_metadata_")
        return lambda moment: _metadata(moment, field)
    if name.startswith("device_dataStream_"):
        pin = "V" + name.removeprefix("device_dataStream_")
        address = _find_address(f"x/{pin}")
        if address is None:
            return None
        return lambda moment: _pin_now(moment, moment.cause.device, address.pin) or ""
    found = _find_address(name)
    if found is None:
        return None
    device, pin = found
    return lambda moment: _pin_now(moment, device, pin)


def _find_address(name: str) -> PinAddress | None:
    if "/" not in name:
        return None
    try:
        return parse_address(name)
    except UnknownPin:
        return None


def _parameter(which: str, index: int) -> _Value:
    def value(moment: _Moment) -> str:
        values: PinValue = getattr(moment.cause, which)
        return values[index] if index < len(values) else ""

    return value


def _whole(moment: _Moment) -> str:
    return moment.joiner.join(moment.cause.value)


def _of_device(attribute: str) -> _Value:
    def value(moment: _Moment) -> str:
        device = moment.device
        return "" if device is None else getattr(device.definition, attribute) or ""

    return value


def _utc(moment: _Moment) -> str:
    try:
        at = datetime.fromtimestamp(moment.cause.at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local_time(moment: _Moment) -> str:
    try:
        return moment.parts.zone.iso(moment.cause.at_ms)
    except (OverflowError, ValueError, OSError):
        # A time that a device gives may be beyond every calendar.
        return ""


def _metadata(moment: _Moment, field: str) -> str | None:
    device = moment.device
    return "" if device is None else find_metadata(device, field, moment.parts.zone.name)


def _pin_now(moment: _Moment, device: str, pin: str) -> str | None:
    if moment.parts.registry.find(device) is None:
        return None
    state = moment.parts.store.find(device, pin)
    return "" if state is None else moment.joiner.join(state.value)


def _name(moment: _Moment) -> str:
    datastream = moment.datastream
    return moment.cause.pin if datastream is None else datastream.name


def _unit(moment: _Moment) -> str:
    datastream = moment.datastream
    return "" if datastream is None else datastream.unit


def _address(moment: _Moment) -> str:
    cause = moment.cause
    return f"{cause.device}/{cause.pin}" if cause.pin else cause.device


def _state(moment: _Moment) -> str:
    device = moment.device
    return "" if device is None else "online" if device.is_online else "offline"


_TOKEN: Final = "device_authToken"  # noqa: S105  the name of a placeholder

_NAMES: Mapping[str, _Value] = {
    "value": _whole,
    "previous": lambda moment: moment.joiner.join(moment.cause.previous),
    "device": lambda moment: moment.cause.device,
    "device_name": _of_device("name"),
    "pin": lambda moment: moment.cause.pin,
    "address": _address,
    "name": _name,
    "unit": _unit,
    "event": lambda moment: moment.cause.event,
    "rule": lambda moment: moment.rule,
    "gateway": lambda moment: moment.gateway.name,
    "time": _local_time,
    "date": lambda moment: _local_time(moment).partition("T")[0],
    "timestamp_unix": lambda moment: str(moment.cause.at_ms // 1000),
    "timestamp_iso8601": _utc,
    # The vendor's own. Source: blynk-protocol §12.3.
    "TRIGGER_VALUE": _whole,
    "DEVICE_NAME": _of_device("name"),
    "PRODUCT_NAME": _of_device("template"),
    "ORG_NAME": lambda moment: moment.gateway.name,
    "DEVICE_OWNER_EMAIL": lambda moment: _metadata(moment, _EMAIL_FIELD),
    "VENDOR_EMAIL": lambda _: "",
    "device_id": lambda moment: moment.cause.device,
    _TOKEN: _of_device("token"),
    "device_templateId": _of_device("template"),
    "device_productName": _of_device("template"),
    "device_orgName": lambda moment: moment.gateway.name,
    "device_pin": lambda moment: moment.cause.pin,
    "device_pinValue": _whole,
    "device_dataStreamId": lambda moment: moment.cause.pin[1:],
    "device_dataStreamName": _name,
    "device_dataStreamAlias": _name,
    "device_state": _state,
    # What nobody knows here: empty, so that a body made for the vendor's cloud stays well formed.
    **dict.fromkeys(
        (
            "device_dateCreated",
            "device_tags",
            "device_country",
            "device_zipCode",
            "device_clientType",
        ),
        lambda _: "",
    ),
}
