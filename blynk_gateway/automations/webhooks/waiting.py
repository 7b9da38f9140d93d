"""What waits to be sent, in memory and in the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done, Payload


@dataclass(slots=True)
class Item:
    """One value that has to go out.

    Attributes:
        key: of several with the same one the last goes out.
        rule: name of the rule, for its placeholder.
        at_ms: when it was handed over.
        tries: attempts that failed.
        is_retry: it or what it replaced was tried, so it need not wait for the interval.
    """

    key: str
    cause: Cause
    rule: str
    done: Done
    at_ms: int
    tries: int = 0
    is_retry: bool = False


def payload_of(webhook: str, item: Item) -> Payload:
    """An item as it goes into the outbox."""
    cause = item.cause._asdict()
    return {
        "webhook": webhook,
        "key": item.key,
        "rule": item.rule,
        "at_ms": item.at_ms,
        "cause": {**cause, "value": list(item.cause.value), "previous": list(item.cause.previous)},
    }


def item_of(payload: Payload, done: Done) -> Item:
    """The inverse of `payload_of`.

    Raises:
        ValueError: it is none of this version.
    """
    try:
        cause = _cause(payload["cause"])
        key, rule, at_ms = payload["key"], payload["rule"], int(payload["at_ms"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no waiting webhook of this version") from error
    return Item(str(key), cause, str(rule), done, at_ms)


def _cause(fields: Mapping[str, Any]) -> Cause:
    value, previous = (tuple(map(str, fields[name])) for name in ("value", "previous"))
    return Cause(**{**fields, "value": value, "previous": previous})
