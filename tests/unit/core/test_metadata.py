import pytest

from blynk_gateway.core.metadata import EMPTY_FIELDS, SECRET_FIELD, find_metadata
from tests.helpers.mqtt import Core

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Device Name", "Shed"),
        ("Time Zone", ZONE),
        ("Serial", "17"),
        ("serial", None),
        *((field, "") for field in EMPTY_FIELDS),
    ],
)
def test_fields_are_found_by_their_exact_name(field: str, expected: str | None) -> None:
    device = Core().add("shed", metadata={"Serial": "17"})
    assert find_metadata(device, field, ZONE) == expected


def test_what_was_written_goes_before_what_is_built_in() -> None:
    device = Core().add("shed", metadata={"Time Zone": "Asia/Tokyo"})
    assert find_metadata(device, "Time Zone", ZONE) == "Asia/Tokyo"


def test_the_token_is_not_told_even_where_a_field_has_its_name() -> None:
    device = Core().add("shed", metadata={SECRET_FIELD: "x"})
    assert find_metadata(device, SECRET_FIELD, ZONE) is None
