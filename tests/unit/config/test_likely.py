import pytest

from blynk_gateway.config.likely import (
    likely_address,
    likely_decimal,
    likely_duration,
    likely_number,
    likely_physical_pin,
    likely_size,
    likely_slug,
    likely_virtual_pin,
    likely_word,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("GPIO17", "17"),
        ("gpio 17", "17"),
        ("D5", "5"),
        ("17.0", "17"),
        ("CE1", "1"),
        ("CH0", "0"),
        # Those count the pins of the header.
        ("pin 11", ""),
        ("PIN11", ""),
        ("-1", ""),
        ("17.5", ""),
        ("x" * 60, ""),
    ],
)
def test_number_with_a_word_before_it_is_the_number(text: str, meant: str) -> None:
    assert likely_number(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", "5s"),
        ("1.5", "1.5s"),
        ("5 s", "5s"),
        ("5sec", "5s"),
        ("30min", "30m"),
        ("2 Hours", "2h"),
        ("3days", "3d"),
        ("20 millis", "20ms"),
        ("20 MS", "20ms"),
        ("soon", ""),
        ("00:05:00", "5m"),
        ("1:00:00", "1h"),
        ("0:01:30", "90s"),
        ("00:05", ""),
    ],
)
def test_duration_gets_its_unit(text: str, meant: str) -> None:
    assert likely_duration(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8G", "8GB"),
        ("8 GB", "8GB"),
        ("8gb", "8GB"),
        ("8GiB", "8GB"),
        ("500 m", "500MB"),
        ("x", ""),
    ],
)
def test_size_gets_the_unit_that_was_meant(text: str, meant: str) -> None:
    assert likely_size(text) == meant


def test_name_becomes_a_slug() -> None:
    assert likely_slug(" Garden  Pump_2 ") == "garden-pump-2"


@pytest.mark.parametrize("text", ["1", "V1", "V1 ", "pi/V1"])
def test_virtual_pin_gets_its_letter_and_loses_the_rest(text: str) -> None:
    assert likely_virtual_pin(text) == "V1"


@pytest.mark.parametrize(("text", "meant"), [("5", "D5"), ("GPIO5", "D5"), ("V5", ""), ("x", "")])
def test_physical_pin_gets_its_letter(text: str, meant: str) -> None:
    assert likely_physical_pin(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"), [("true", "on"), ("Yes", "on"), ("no", "off"), ("false", "off"), ("x", "x")]
)
def test_truth_is_on_or_off(text: str, meant: str) -> None:
    assert likely_word(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("30,5", "30.5"), ("30 °C", "30"), ("-3.5 %", "-3.5"), ("warm", ""), ("1,2,3", "")],
)
def test_number_gets_a_point_and_loses_its_unit(text: str, meant: str) -> None:
    assert likely_decimal(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("greenhouse.V5", "greenhouse/V5"),
        ("Green House/5", "green-house/V5"),
        ("greenhouse: v5", "greenhouse/V5"),
        ("V5", ""),
        ("greenhouse", ""),
    ],
)
def test_address_gets_its_slash(text: str, meant: str) -> None:
    assert likely_address(text) == meant
