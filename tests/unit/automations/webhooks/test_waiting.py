"""What waits, as an entry of the outbox and back."""

import json
from typing import Any

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.webhooks.waiting import Item, item_of, payload_of

CAUSE = Cause("", 5, "greenhouse", "V1", ("1", "2"), ("0",), "", 7, 3)


def unheard(result: str, is_failed: bool) -> None:
    raise AssertionError


def test_an_item_survives_as_json() -> None:
    item = Item("greenhouse/V1", CAUSE, "Too hot", unheard, 9)
    payload = json.loads(json.dumps(payload_of("led", item)))
    assert payload["webhook"] == "led"
    assert item_of(payload, unheard) == item


@pytest.mark.parametrize("change", [{"cause": None}, {"cause": {"value": 1}}, {"at_ms": None}])
def test_what_is_none_is_refused(change: dict[str, Any]) -> None:
    payload = {**payload_of("led", Item("", CAUSE, "", unheard, 9)), **change}
    with pytest.raises(ValueError, match="no waiting webhook"):
        item_of(payload, unheard)
    with pytest.raises(ValueError, match="no waiting webhook"):
        item_of({}, unheard)
