import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.kinds import Scalar
from blynk_gateway.config.mqtt.topics import (
    BASE_TOPIC,
    BOUND_PIN,
    MAX_PREFIX_BYTES,
    MAX_TOPIC_BYTES,
    TOPIC_FILTER,
    TOPIC_PREFIX,
    is_own,
    is_wild,
    likely_prefix,
    overlaps,
    placeholder,
)

LEVELS = st.sampled_from(["a", "b", "", "+"])


def matches(topic: str, pattern: str) -> bool:
    """What MQTT says of a topic and a filter, word by word."""
    levels = topic.split("/")
    for index, level in enumerate(pattern.split("/")):
        if level == "#":
            return len(levels) >= index
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(levels) == len(pattern.split("/"))


@st.composite
def filters(draw: st.DrawFn) -> str:
    levels = draw(st.lists(LEVELS, min_size=1, max_size=4))
    return "/".join(levels + ["#"] * draw(st.booleans()))


@given(st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=4), filters())
def test_topic_overlaps_a_filter_that_takes_it(levels: list[str], pattern: str) -> None:
    topic = "/".join(levels)
    assert overlaps(topic, pattern) == overlaps(pattern, topic) == matches(topic, pattern)


@pytest.mark.parametrize(
    ("one", "other", "do_overlap"),
    [
        ("a/+", "+/b", True),
        ("a/+", "+/+/b", False),
        ("a/#", "+", True),
        ("a/b/#", "a/+/c", True),
        ("a/b/#", "a/c/#", False),
        ("#", "a", True),
    ],
)
def test_filters_overlap_where_a_topic_fits_both(one: str, other: str, *, do_overlap: bool) -> None:
    assert overlaps(one, other) is overlaps(other, one) is do_overlap


@pytest.mark.parametrize(
    "topic",
    [
        *("blynk/bridge/state", "blynk/bridge/request/pair", "blynk/bridge/anything"),
        *("blynk/shed/availability", "blynk/shed/state", "blynk/shed/set", "blynk/shed/error"),
        *("blynk/shed/v5", "blynk/shed/v5/set", "blynk/shed/d13/get", "blynk/shed/v5/prop/label"),
        *("blynk/shed/event/door", "blynk/+/v5", "blynk/shed/+", "blynk/#", "blynk/shed/#"),
        *("#", "+/#", "+/shed/v5", "+/+/+", "+/+/info"),
    ],
)
def test_topic_of_the_gateway_itself_is_seen(topic: str) -> None:
    assert is_own(topic, "blynk")


@pytest.mark.parametrize(
    "topic",
    [
        *("zigbee2mqtt/lamp", "tele/+/SENSOR", "+", "+/+", "blynk", "blynk/shed", "blynk/bridge"),
        *("blynk/shed/temperature", "blynk/shed/V5", "blynk/shed/v256", "blynk/Shed/v5"),
        *("blynk2/shed/v5", "+/+/SENSOR", "/blynk/shed/v5"),
    ],
)
def test_topic_of_others_is_free_even_below_the_base(topic: str) -> None:
    assert not is_own(topic, "blynk")


def test_base_of_several_levels_counts_as_a_whole() -> None:
    assert is_own("home/garden/shed/v5", "home/garden")
    assert is_own("home/+/shed/v5", "home/garden")
    assert not is_own("home/shed/v5", "home/garden")
    assert not is_own("home/kitchen/shed/v5", "home/garden")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (BASE_TOPIC, "blynk"),
        (BASE_TOPIC, "home/garden shed/größe"),
        (BASE_TOPIC, "a" * MAX_PREFIX_BYTES),
        (TOPIC_PREFIX, "$test"),
        (TOPIC_FILTER, "/leading/and/trailing/"),
        (TOPIC_FILTER, "$SYS/broker/uptime"),
        (TOPIC_FILTER, "#"),
        (TOPIC_FILTER, "+"),
        (TOPIC_FILTER, "+/a/+/#"),
        (TOPIC_FILTER, "a" * MAX_TOPIC_BYTES),
    ],
)
def test_topic_that_brokers_take_is_taken(kind: Scalar[str], text: str) -> None:
    assert kind.parse(text) == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((BASE_TOPIC, text) for text in ("", "/blynk", "blynk/", "a//b", "a/+", "a#", "$SYS")),
        (BASE_TOPIC, "ö" * (MAX_PREFIX_BYTES // 2 + 1)),
        *((TOPIC_PREFIX, text) for text in ("", "/a", "+", "a\0b", "a\nb", "\ud800")),
        *(
            (TOPIC_FILTER, text)
            for text in ("", "a/#/b", "a+", "a/b#", "##", "++", "a\0", "\ud800")
        ),
        (TOPIC_FILTER, "$share/group/a"),
        (TOPIC_FILTER, "a" * (MAX_TOPIC_BYTES + 1)),
    ],
)
def test_topic_that_brokers_refuse_is_refused(kind: Scalar[str], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the text of it is not used
        kind.parse(text)


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("kitchen/v3", "kitchen/V3"),
        ("Pi/D013", "pi/D13"),
        ("{1}/V3", "{1}/V3"),
        ("{12}/a0", "{12}/A0"),
    ],
)
def test_bound_pin_has_one_spelling(text: str, pin: str) -> None:
    assert BOUND_PIN.parse(text) == pin


@pytest.mark.parametrize(
    "text",
    ["V3", "kitchen/V256", "kitchen", "{0}/V3", "{}/V3", "{100}/V3", "x{1}/V3", "a b/V3", ""],
)
def test_text_that_names_no_pin_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the text of it is not used
        BOUND_PIN.parse(text)


def test_placeholder_tells_its_number_and_a_slug_has_none() -> None:
    assert [placeholder(device) for device in ("{1}", "{12}", "shed", "{0}")] == [1, 12, 0, 0]


def test_wildcards_are_seen() -> None:
    assert [is_wild(topic) for topic in ("a/+", "#", "a/b")] == [True, True, False]


def test_slashes_and_the_wildcard_around_a_prefix_are_likely_not_meant() -> None:
    assert [likely_prefix(text) for text in ("/blynk/", "blynk/#", "a/b")] == ["blynk"] * 2 + [
        "a/b"
    ]
