"""Events are values of their own kind."""

import dataclasses
from typing import get_args

import pytest

from blynk_gateway.protocol import events


def test_every_event_belongs_to_an_end_of_the_connection() -> None:
    declared = {item for item in vars(events).values() if dataclasses.is_dataclass(item)}
    assert declared == {*get_args(events.ServerEvent), *get_args(events.ClientEvent)}


def test_event_cannot_be_changed_on_its_way() -> None:
    event = events.LoginRequested("token", 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.token = "other"  # type: ignore[misc]  # the point of the test


def test_events_without_facts_differ_by_kind() -> None:
    received: list[object] = [events.GroupClosed()]
    assert received != [events.LoggedIn()]
