import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Question
from blynk_gateway.core.periods import MAX_TIME_MS
from blynk_gateway.errors import InvalidValue
from blynk_gateway.history.past.question import (
    MAX_POINTS,
    MAX_STEP_MS,
    MAX_STEPS,
    MAX_WIDTH,
    MIN_STEP_MS,
    check,
    check_range,
)

ADDRESS = PinAddress("a", "V1")
GOOD = Question(ADDRESS, 0, 1000)


@pytest.mark.parametrize(
    "question",
    [
        GOOD,
        GOOD._replace(to_ms=0),
        GOOD._replace(to_ms=MAX_TIME_MS),
        GOOD._replace(step_ms=MIN_STEP_MS),
        GOOD._replace(step_ms=MAX_STEP_MS),
        GOOD._replace(to_ms=MAX_STEPS * 60_000, step_ms=60_000),
        GOOD._replace(width=1),
        GOOD._replace(width=MAX_WIDTH),
        GOOD._replace(limit=1),
        GOOD._replace(limit=MAX_POINTS),
    ],
)
def test_sound_questions_pass(question: Question) -> None:
    check(question)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (GOOD._replace(from_ms=1001), "ends at 1000 ms, before it begins at 1001 ms"),
        (GOOD._replace(from_ms=-1), "the range is -1 to 1000 ms"),
        (GOOD._replace(to_ms=MAX_TIME_MS + 1), "expected from 1970 to 9999"),
        (GOOD._replace(step_ms=MIN_STEP_MS - 1), "the step is 9 ms"),
        (GOOD._replace(step_ms=-60_000), "the step is -60000 ms"),
        (GOOD._replace(step_ms=MAX_STEP_MS + 1), "ten years"),
        (GOOD._replace(to_ms=(MAX_STEPS + 1) * 10, step_ms=10), "1000001 steps of 10 ms"),
        (GOOD._replace(width=0), "the width is 0"),
        (GOOD._replace(width=MAX_WIDTH + 1), "expected 1 to 100000"),
        (GOOD._replace(limit=0), "the limit is 0"),
        (GOOD._replace(limit=MAX_POINTS + 1), "expected 1 to 1000000"),
        (GOOD._replace(width=100, step_ms=60_000), "leave one out"),
    ],
)
def test_absurd_questions_are_refused_with_advice(question: Question, found: str) -> None:
    with pytest.raises(InvalidValue, match=found) as caught:
        check(question)
    message = str(caught.value)
    assert message.startswith("history of a/V1: ")
    assert "; expected " in message
    assert message.rpartition(": ")[2]


def test_range_alone_names_where_it_was_asked() -> None:
    with pytest.raises(InvalidValue, match=r"^export of a/V1: the range ends at 1 ms"):
        check_range("export of a/V1", 2, 1)
