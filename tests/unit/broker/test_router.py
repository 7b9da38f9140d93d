import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.broker.router import MAX_KNOWN_TOPIC, MAX_TOPICS, Router, covers


def noted(heard: list[str], name: str) -> Callable[[Message], None]:
    return lambda message: heard.append(f"{name} {message.topic}")


def router(heard: list[str], *filters: str) -> Router:
    made = Router()
    made.add(Subscription(one, noted(heard, one)) for one in filters)
    return made


def delivered(made: Router, topic: str) -> None:
    for handler in made.handlers(topic):
        handler(Message(topic, b""))


@pytest.mark.parametrize(
    ("topic", "who"),
    [
        ("blynk/shed/v5/set", ["blynk/+/+/set", "blynk/#"]),
        ("blynk/shed/set", ["blynk/#", "blynk/+/set"]),
        ("blynk", ["blynk/#"]),
        ("tele/plug/SENSOR", ["tele/plug/SENSOR"]),
        ("other", []),
    ],
)
def test_everyone_whose_filter_matches_hears_of_a_message(topic: str, who: list[str]) -> None:
    heard: list[str] = []
    filters = ("blynk/+/+/set", "blynk/+/set", "blynk/#", "tele/plug/SENSOR")
    delivered(router(heard, *filters), topic)
    assert sorted(heard) == sorted(f"{one} {topic}" for one in who)


def test_two_with_one_filter_both_hear_in_the_order_they_asked() -> None:
    heard: list[str] = []
    made = Router()
    made.add([Subscription("a/+", noted(heard, "first"))])
    made.add([Subscription("a/+", noted(heard, "second"), 1)])
    delivered(made, "a/b")
    assert heard == ["first a/b", "second a/b"]
    assert made.filters() == [("a/+", 1)]


def test_who_asks_later_hears_of_a_topic_that_came_before() -> None:
    heard: list[str] = []
    made = router(heard, "a/b")
    delivered(made, "a/b")
    made.add([Subscription("a/+", noted(heard, "later"))])
    delivered(made, "a/b")
    assert sorted(heard) == ["a/b a/b", "a/b a/b", "later a/b"]


def test_any_number_of_topics_takes_bounded_memory() -> None:
    made = router([], "a/+")
    for number in range(3 * MAX_TOPICS):
        assert len(made.handlers(f"a/{number}")) == 1
    assert len(made._known) <= MAX_TOPICS


def test_long_topic_is_delivered_and_not_kept() -> None:
    heard: list[str] = []
    made = router(heard, "a/+")
    for end in "xy":
        delivered(made, f"a/{end * MAX_KNOWN_TOPIC}")
    assert len(heard) == 2
    assert made._known == {}


def test_wildcards_leave_the_brokers_own_topics_out() -> None:
    heard: list[str] = []
    made = router(heard, "#", "+/broker", "$SYS/#")
    delivered(made, "$SYS/broker")
    assert heard == ["$SYS/# $SYS/broker"]


def test_what_another_filter_covers_is_not_asked_for_and_lends_its_quality() -> None:
    made = Router()
    made.add([Subscription("tele/+/SENSOR", print, 0), Subscription("tele/plug/SENSOR", print, 2)])
    made.add([Subscription("stat/#", print, 1), Subscription("cmnd/x", print, 0)])
    assert made.filters() == [("tele/+/SENSOR", 2), ("stat/#", 1), ("cmnd/x", 0)]


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "$x"]), min_size=1, max_size=3)
FILTERS = st.tuples(LEVELS, st.sampled_from(["", "/#"])).map(lambda one: "/".join(one[0]) + one[1])


@given(st.lists(FILTERS | st.just("#"), min_size=1, max_size=8, unique=True))
def test_whatever_no_other_filter_covers_is_asked_for(filters: list[str]) -> None:
    wanted = [
        one for one in filters if not any(covers(wide, one) for wide in filters if wide != one)
    ]
    assert [one for one, _ in router([], *filters).filters()] == wanted


def test_thousands_of_filters_do_not_hold_up_the_loop() -> None:
    made = router([], *(f"zigbee2mqtt/lamp{number}" for number in range(3000)))
    began = time.process_time()
    assert len(made.filters()) == 3000
    # If each were compared with each, it would be ten seconds.
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("#", "a"),
        ("#", "a/+/#"),
        ("a/#", "a"),
        ("a/#", "a/b/c"),
        ("a/#", "a/#"),
        ("a/+", "a/b"),
        ("a/+/#", "a/b/#"),
        ("+/+", "a/b"),
        ("$SYS/#", "$SYS/load"),
    ],
)
def test_a_filter_covers(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("a", "b"),
        ("a/+", "a"),
        ("a/+", "a/b/c"),
        ("a/+", "a/#"),
        ("a/b", "a/+"),
        ("a/+/#", "a"),
        ("+", "#"),
        ("#", "$SYS/#"),
        ("+/load", "$SYS/load"),
    ],
)
def test_a_filter_does_not_cover(wide: str, narrow: str) -> None:
    assert not covers(wide, narrow)
