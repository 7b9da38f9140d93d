from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.datastream import INT32_MAX, INT32_MIN, Datastream, DatastreamType
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.errors import InvalidValue

LABELS = ((0, "off"), (1, "low"), (7, "high"))

texts = st.one_of(
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["on", "TRUE", "low", "1e3", "007", "-0", "nan", "1_0"]),
)
values = st.lists(texts, min_size=1, max_size=3).map(tuple)
limits = st.tuples(st.integers(INT32_MIN, INT32_MAX), st.integers(INT32_MIN, INT32_MAX)).map(sorted)


@st.composite
def streams(draw: st.DrawFn) -> Datastream:
    kind = draw(st.sampled_from(DatastreamType))
    low, high = draw(st.just([None, None]) | limits)
    fallback = draw(st.none() | st.sampled_from([0, 1, 7]))
    return Datastream(
        "V5", "Any", kind, minimum=low, maximum=high, labels=LABELS, fallback=fallback
    )


def accept(stream: Datastream, value: PinValue) -> PinValue | None:
    """What the datastream takes, None if it refuses."""
    try:
        return stream.accept(value)
    except InvalidValue:
        return None


@given(streams(), values)
def test_what_was_accepted_is_accepted_again_unchanged(stream: Datastream, value: PinValue) -> None:
    accepted = accept(stream, value)
    if accepted is not None:
        assert len(accepted) == len(value)
        assert stream.accept(accepted) == accepted


@given(streams(), values)
def test_what_a_numeric_datastream_holds_is_a_number_within_its_limits(
    stream: Datastream, value: PinValue
) -> None:
    accepted = accept(stream, value)
    if accepted is None or not stream.is_numeric:
        return
    for text in accepted:
        found = number((text,))
        assert found is not None
        if stream.type in (DatastreamType.INT, DatastreamType.DOUBLE):
            assert stream.minimum is None or found >= stream.minimum
            assert stream.maximum is None or found <= stream.maximum
        if stream.type is DatastreamType.INT:
            assert INT32_MIN <= int(text) <= INT32_MAX
        if stream.type is DatastreamType.BOOL:
            assert text in ("0", "1")
        if stream.type is DatastreamType.ENUM:
            assert int(text) in dict(LABELS)


@given(limits, st.integers(INT32_MIN, INT32_MAX))
def test_a_number_within_the_limits_is_kept_and_another_moved_to_the_nearest(
    limits: list[int], value: int
) -> None:
    low, high = limits
    for kind in (DatastreamType.INT, DatastreamType.DOUBLE):
        stream = Datastream("V5", "Any", kind, minimum=low, maximum=high)
        assert stream.accept((str(value),)) == (str(min(max(value, low), high)),)


@given(values)
def test_text_is_never_changed(value: PinValue) -> None:
    assert Datastream("V5", "Any").accept(value) == value
