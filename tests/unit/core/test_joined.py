import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Answer, HistoryPoint, Step
from blynk_gateway.core.joined import Joined, join
from blynk_gateway.errors import InvalidValue

A, B, C = (PinAddress("a", f"V{number}") for number in range(3))


def answer(address: PinAddress, steps: dict[int, float], step_ms: int = 10) -> Answer:
    return Answer(address, step_ms, [], [Step(*one) for one in steps.items()])


def test_rows_are_of_every_step_with_gaps_as_none() -> None:
    joined = join([answer(A, {0: 1, 20: 2}), answer(B, {10: 5, 20: 0}), answer(C, {})])
    assert joined == Joined(
        [A, B, C], 10, [(0, [1, None, None]), (10, [None, 5, None]), (20, [2, 0, None])]
    )


def test_nothing_joins_to_nothing() -> None:
    assert join([]) == Joined([], 0, [])
    assert join([answer(A, {})]) == Joined([A], 10, [])


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([answer(A, {}, 10), answer(B, {}, 20)], "a/V0, a/V1: the answers have 10 ms, 20 ms"),
        ([Answer(A, 0, [HistoryPoint(0, ("1",))], [])], "raw points; expected the same steps"),
        ([answer(A, {}), Answer(B, 0, [], [])], "raw points, 10 ms"),
    ],
)
def test_what_has_no_common_steps_is_refused(answers: list[Answer], found: str) -> None:
    with pytest.raises(InvalidValue, match=found):
        join(answers)
