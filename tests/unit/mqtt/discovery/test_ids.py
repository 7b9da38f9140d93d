"""Ids that Home Assistant keeps."""

import re

import pytest

from blynk_gateway.mqtt.discovery.ids import Ids, object_id, plain
from tests.helpers.mqtt import INSTANCE_ID

IDS = Ids(INSTANCE_ID)


def test_ids_are_made_of_instance_device_and_subject() -> None:
    assert IDS.device("shed-2") == "blynk_0123456789ab_shed-2"
    assert IDS.entity("shed-2", "v5") == "blynk_0123456789ab_shed-2_v5"


@pytest.mark.parametrize(
    ("device_id", "slug"),
    [
        ("blynk_0123456789ab_shed", "shed"),
        ("blynk_0123456789ac_shed", None),
        ("blynk_0123456789ab", None),
        ("zigbee2mqtt_bridge", None),
    ],
)
def test_only_ids_of_this_instance_are_ours(device_id: str, slug: str | None) -> None:
    assert IDS.find_slug(device_id) == slug


@pytest.mark.parametrize("text", ["overheat", "Too_hot-2"])
def test_text_that_fits_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("text", ["a b", "a/b", "größe", "+#", ""])
def test_everything_else_becomes_fit(text: str) -> None:
    assert re.fullmatch("[a-zA-Z0-9_-]*", plain(text))


def test_different_texts_stay_different() -> None:
    assert len({plain(text) for text in ("a b", "a/b", "a_b", "a+b")}) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Living room: lamp", "shed_2_living_room_lamp"),
        ("Größe", "shed_2_grosse"),
        ("Температура", "shed_2_v5"),
    ],
)
def test_first_name_is_readable_ascii(name: str, expected: str) -> None:
    assert object_id("shed-2", name, "v5") == expected
