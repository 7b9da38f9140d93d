import pytest

from blynk_gateway.core.address import (
    PIN_NAMES,
    SLUG_PATTERN,
    PinAddress,
    PinKind,
    parse_address,
    parse_pin,
    pin_order,
    slug_of,
)
from blynk_gateway.errors import DeviceError, UnknownPin


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("V5", "V5"),
        ("v5", "V5"),
        ("V0", "V0"),
        ("d255", "D255"),
        ("A0", "A0"),
        ("V05", "V5"),
        ("v0005", "V5"),
    ],
)
def test_pin_is_read_in_either_case_and_with_leading_zeros(text: str, pin: str) -> None:
    assert parse_pin(text) == pin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V",
        "5",
        "V256",
        "V00005",
        "V-1",
        "V+1",
        "V1.0",
        " V1",
        "V1 ",
        "X5",
        "VV5",
        "V\u0665",
        "V²",
    ],
)
def test_what_is_no_pin_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnknownPin) as caught:
        parse_pin(text)
    assert repr(text) in str(caught.value)
    assert "0 to 255" in str(caught.value)


def test_a_huge_pin_is_cut_in_the_message() -> None:
    with pytest.raises(UnknownPin) as caught:
        parse_pin("V" * 100_000)
    assert len(str(caught.value)) < 200


def test_every_pin_knows_its_family() -> None:
    assert len(PIN_NAMES) == 3 * 256
    assert PIN_NAMES["V255"] is PinKind.VIRTUAL
    assert PIN_NAMES["D17"] is PinKind.DIGITAL
    assert PIN_NAMES["A0"] is PinKind.ANALOG


def test_pins_sort_by_family_and_number() -> None:
    assert sorted(["A0", "V10", "D1", "V2"], key=pin_order) == ["V2", "V10", "D1", "A0"]


def test_address_is_read_in_either_case() -> None:
    assert parse_address("GreenHouse/v5") == PinAddress("greenhouse", "V5")


def test_address_is_written_as_it_is_read() -> None:
    address = PinAddress("kuche-2", "V17")
    assert str(address) == "kuche-2/V17"
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["greenhouse", "/V5", "-x/V5", "a b/V5", "ä/V5", "x" * 33 + "/V5"])
def test_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(UnknownPin, match="DEVICE/PIN"):
        parse_address(text)


@pytest.mark.parametrize("text", ["greenhouse/", "greenhouse/V256", "greenhouse/V5/V6"])
def test_address_of_no_pin_is_refused(text: str) -> None:
    with pytest.raises(UnknownPin, match="is no pin"):
        parse_address(text)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Greenhouse", "greenhouse"),
        ("Küche 2", "kuche-2"),
        ("Süße Größe", "susse-grosse"),
        ("GROẞ", "gross"),
        ("  Garden -- shed!  ", "garden-shed"),
        ("x" * 40, "x" * 32),
        ("x" * 31 + " y", "x" * 31),
    ],
)
def test_slug_of_a_name_is_a_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert SLUG_PATTERN.fullmatch(slug)


@pytest.mark.parametrize("name", ["", "---", "温室"])
def test_name_without_letters_gives_no_slug(name: str) -> None:
    with pytest.raises(DeviceError, match="at least one letter"):
        slug_of(name)
