import pytest

from blynk_gateway.core.datastream import INT32_MAX, INT32_MIN, Datastream, DatastreamType
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue

LABELS = ((0, "off"), (1, "low"), (7, "high"))


def stream(
    kind: DatastreamType, minimum: float | None = None, maximum: float | None = None
) -> Datastream:
    return Datastream("V5", "Fan", kind, minimum=minimum, maximum=maximum)


def test_text_is_taken_as_it_is() -> None:
    value = ("\udcff", "anything", "")
    assert stream(DatastreamType.STRING).accept(value) is value


@pytest.mark.parametrize("text", ["0", "-7", "+7", "007", str(INT32_MAX), str(INT32_MIN)])
def test_whole_number_is_taken_as_written(text: str) -> None:
    value = (text,)
    assert stream(DatastreamType.INT).accept(value) is value


@pytest.mark.parametrize(
    "text", ["", "-", "+", "1.0", "1e3", " 1", "1_0", "\u0665", "²", "x", "0x10", "9" * 21, "--1"]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected a whole number"):
        stream(DatastreamType.INT).accept((text,))


@pytest.mark.parametrize(
    ("text", "minimum", "maximum", "stored"),
    [
        ("-1", 0, 10, "0"),
        ("0", 0, 10, "0"),
        ("10", 0, 10, "10"),
        ("11", 0, 10, "10"),
        ("11", None, 10, "10"),
        ("-11", -10, None, "-10"),
        ("99999999999", None, None, str(INT32_MAX)),
        ("-99999999999", None, None, str(INT32_MIN)),
    ],
)
def test_whole_number_outside_the_limits_is_clamped(
    text: str, minimum: float | None, maximum: float | None, stored: str
) -> None:
    assert stream(DatastreamType.INT, minimum, maximum).accept((text,)) == (stored,)


@pytest.mark.parametrize(
    ("text", "minimum", "maximum", "stored"),
    [
        ("21.500", -40, 85, "21.500"),
        ("1e3", None, None, "1e3"),
        ("-40.1", -40, 85, "-40"),
        ("86", -40, 85, "85"),
        ("86", None, 85.5, "85.5"),
        ("0", 0.25, None, "0.25"),
    ],
)
def test_number_is_kept_or_clamped(
    text: str, minimum: float | None, maximum: float | None, stored: str
) -> None:
    assert stream(DatastreamType.DOUBLE, minimum, maximum).accept((text,)) == (stored,)


@pytest.mark.parametrize("text", ["", "nan", "inf", "ovf", "warm", "1,5"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected a number"):
        stream(DatastreamType.DOUBLE, 0, 1).accept((text,))


@pytest.mark.parametrize(
    ("text", "stored"),
    [("0", "0"), ("1", "1"), ("true", "1"), ("False", "0"), ("ON", "1"), (" off ", "0")],
)
def test_truth_is_stored_as_0_or_1(text: str, stored: str) -> None:
    assert stream(DatastreamType.BOOL).accept((text,)) == (stored,)


@pytest.mark.parametrize("text", ["", "2", "yes", "1.0"])
def test_what_is_no_truth_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected 0 or 1"):
        stream(DatastreamType.BOOL).accept((text,))


@pytest.mark.parametrize(("text", "stored"), [("7", "7"), ("high", "7"), ("off", "0")])
def test_enum_is_taken_by_number_and_by_label(text: str, stored: str) -> None:
    fan = Datastream("V5", "Fan", DatastreamType.ENUM, labels=LABELS)
    assert fan.accept((text,)) == (stored,)


@pytest.mark.parametrize("text", ["2", "medium", ""])
def test_unknown_enum_value_becomes_the_fallback(text: str) -> None:
    fan = Datastream("V5", "Fan", DatastreamType.ENUM, labels=LABELS, fallback=1)
    assert fan.accept((text,)) == ("1",)


@pytest.mark.parametrize("text", ["2", "medium"])
def test_unknown_enum_value_without_fallback_is_refused_with_the_known_ones(text: str) -> None:
    fan = Datastream("V5", "Fan", DatastreamType.ENUM, labels=LABELS)
    with pytest.raises(InvalidValue, match="expected one of 0, 1, 7"):
        fan.accept((text,))


def test_enum_without_labels_takes_any_whole_number_and_no_text() -> None:
    fan = Datastream("V5", "Fan", DatastreamType.ENUM)
    assert fan.accept(("42",)) == ("42",)
    with pytest.raises(InvalidValue, match="expected a whole number"):
        fan.accept(("high",))


def test_location_is_two_numbers() -> None:
    value = ("13.4", "52.5")
    assert stream(DatastreamType.LOCATION).accept(value) is value


@pytest.mark.parametrize("value", [("13.4",), ("1", "2", "3"), ("13.4", "north")])
def test_other_locations_are_refused(value: PinValue) -> None:
    with pytest.raises(InvalidValue, match="longitude and latitude"):
        stream(DatastreamType.LOCATION).accept(value)


def test_each_of_several_parameters_is_clamped() -> None:
    assert stream(DatastreamType.INT, 0, 255).accept(("300", "-1", "7")) == ("255", "0", "7")


def test_one_bad_parameter_refuses_all() -> None:
    with pytest.raises(InvalidValue):
        stream(DatastreamType.INT).accept(("1", "x"))


def test_refusal_names_the_pin_and_cuts_what_was_sent() -> None:
    with pytest.raises(InvalidValue) as caught:
        stream(DatastreamType.INT).accept(("\udcff" + "x" * 5000,))
    text = str(caught.value)
    assert text.startswith("V5 (Fan) was given '\N{REPLACEMENT CHARACTER}xxx")
    assert len(text) < 120


@pytest.mark.parametrize(
    ("kind", "is_numeric"),
    [
        (DatastreamType.INT, True),
        (DatastreamType.DOUBLE, True),
        (DatastreamType.ENUM, True),
        (DatastreamType.BOOL, True),
        (DatastreamType.STRING, False),
        (DatastreamType.LOCATION, False),
    ],
)
def test_numbers_enums_and_truths_are_numeric(kind: DatastreamType, is_numeric: bool) -> None:
    assert stream(kind).is_numeric is is_numeric


STRICT = Datastream(
    "V1",
    "Pump",
    DatastreamType.INT,
    minimum=0,
    maximum=1,
    is_strict=True,
    parameters=1,
    effects=frozenset({EffectKind.BLINK}),
)


@pytest.mark.parametrize("text", ["2", "-1"])
def test_a_strict_one_refuses_what_others_clamp(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected a number from 0 to 1"):
        STRICT.accept((text,))
    open_ended = Datastream("V1", "Up", DatastreamType.DOUBLE, minimum=0, is_strict=True)
    assert open_ended.accept(("1e9",)) == ("1e9",)
    with pytest.raises(InvalidValue, match="expected a number from 0 to any"):
        open_ended.accept(("-0.5",))


@pytest.mark.parametrize("value", [(), ("1", "1")])
def test_the_number_of_parameters_can_be_fixed(value: PinValue) -> None:
    with pytest.raises(InvalidValue, match="expected 1 parameters"):
        STRICT.accept(value)


def test_an_effect_is_taken_where_it_is_allowed_and_well_formed() -> None:
    assert STRICT.accept(("blink", "200")) == ("blink", "200")
    with pytest.raises(InvalidValue, match="blink was given '1'"):
        STRICT.accept(("blink", "1"))
    with pytest.raises(InvalidValue, match="expected a whole number"):
        STRICT.accept(("toggle",))
    with pytest.raises(InvalidValue, match="expected a whole number"):
        stream(DatastreamType.INT).accept(("blink",))


def test_a_fade_stays_within_the_limits() -> None:
    lamp = Datastream(
        "V2",
        "Lamp",
        DatastreamType.DOUBLE,
        minimum=0,
        maximum=255,
        is_strict=True,
        effects=frozenset(EffectKind),
    )
    assert lamp.accept(("fade", "255", "100")) == ("fade", "255", "100")
    with pytest.raises(InvalidValue, match="expected a number from 0 to 255"):
        lamp.accept(("fade", "999", "100"))
