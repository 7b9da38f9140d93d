"""Whatever lies where, answers are what the points themselves give."""

import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Aggregate, HistoryPoint, Question, Step
from blynk_gateway.core.value import number
from blynk_gateway.history.past import queries
from blynk_gateway.history.past.downsample import thin
from blynk_gateway.history.past.queries import Queries
from tests.helpers.archive import (
    FakeTail,
    PlainReader,
    Point,
    create,
    put_archive,
    put_segment,
    say_archived,
    segment_of,
)

T = TypeVar("T")

ADDRESSES = {1: PinAddress("a", "V1"), 2: PinAddress("b", "V2")}

BASE_MS = 1_700_000_000_000

BRUTE: dict[Aggregate, Callable[[list[float]], float]] = {
    Aggregate.AVG: lambda values: math.fsum(values) / len(values),
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.SUM: math.fsum,
    Aggregate.COUNT: len,
    Aggregate.LAST: lambda values: values[-1],
}

times = st.one_of(
    st.integers(0, 200_000),
    st.integers(0, 40).map(lambda steps: steps * 60_000),
    st.integers(0, 5 * 86_400_000),
).map(lambda offset: BASE_MS + offset)

texts = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.decimals(-100, 100, places=2).map(str),
    st.sampled_from(["1e3", "on", "nan", "", "-0"]),
)

pins = st.tuples(st.integers(1, 2), times, texts)


class Past:
    """Points spread over archive, journal and memory; where the borders are is drawn."""

    def __init__(self, points: list[Point], draw: st.DrawFn) -> None:
        self.points = points
        self.connection = create(":memory:")
        count = len(points)
        # From the end: draws tend to zero, and most points are to be in the archive.
        waiting = draw(st.tuples(*[st.integers(0, count)] * 3), label="waiting")
        borders = sorted(count - one for one in waiting)
        archived, moving, committed = borders
        moving_stream = draw(st.integers(0, 2), label="moving stream")
        cuts = draw(st.sets(st.integers(1, max(1, count))), label="cuts")
        # A commit ends with a segment.
        cuts |= {0, committed, count}
        ordered = sorted(cut for cut in cuts if cut <= count)
        segments = [segment_of(points[start:end]) for start, end in pairwise(ordered)]
        passes = sorted(
            {0, archived, archived - draw(st.integers(0, archived), label="later pass")}
        )
        chunk_points = draw(st.integers(1, 8), label="chunk")
        for stream in ADDRESSES:
            ends = [*passes, *([moving] if stream <= moving_stream else [])]
            for start, end in pairwise(ends):
                some = [one for one in points[start:end] if one.stream == stream]
                put_archive(self.connection, some, chunk_points)
        say_archived(self.connection, archived, moving, moving_stream)
        keeps_old = draw(st.booleans(), label="archived segments are there")
        for one in segments:
            if one.last_seq <= committed and (keeps_old or one.last_seq > archived):
                put_segment(self.connection, one)
        # What was being committed when memory was asked is there twice.
        twice = draw(st.integers(0, len(segments)), label="twice")
        fresh = [
            one
            for at, one in enumerate(segments)
            if one.first_seq > committed or (at >= twice and one.last_seq > archived)
        ]
        streams = {address: stream for stream, address in ADDRESSES.items()}
        self.queries = Queries(PlainReader(self.connection), FakeTail(streams, fresh))

    def of(self, stream: int, from_ms: int, to_ms: int) -> list[Point]:
        return sorted(
            (one for one in self.points if one.stream == stream and from_ms <= one.at_ms < to_ms),
            key=lambda one: (one.at_ms, one.seq),
        )

    def has_numbers(self, stream: int) -> bool:
        return any(one.stream == stream and number(one.value) is not None for one in self.points)

    def steps(self, stream: int, question: Question) -> list[Step]:
        step = question.step_ms
        begin, end = question.from_ms // step * step, -(-question.to_ms // step) * step
        found: dict[int, list[float]] = {}
        chosen = self.of(stream, begin, end)
        for point in chosen:
            value = None if question.is_text else number(point.value)
            if value is not None:
                found.setdefault(point.at_ms // step * step, []).append(value)
        is_text = question.is_text or not self.has_numbers(stream)
        if question.aggregate is Aggregate.COUNT and is_text:
            for point in chosen:
                found.setdefault(point.at_ms // step * step, []).append(0)
        brute = BRUTE[question.aggregate]
        return [Step(at_ms, brute(values)) for at_ms, values in sorted(found.items())]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    drawn = draw(st.lists(pins, max_size=30) | st.lists(pins, min_size=10, max_size=30))
    return Past(
        [Point(stream, at, seq, (text,)) for seq, (stream, at, text) in enumerate(drawn, 1)], draw
    )


ranges = st.tuples(times, times).map(lambda pair: (min(pair), max(pair) + 1))


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of what never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration is not generic
    raise AssertionError("it waits")


async def collect(batches: AsyncIterator[list[HistoryPoint]]) -> list[list[HistoryPoint]]:
    return [batch async for batch in batches]


def values_of(points: list[Point]) -> list[HistoryPoint]:
    return [HistoryPoint(one.at_ms, one.value) for one in points]


@given(pasts(), st.integers(1, 2), ranges, st.none() | st.integers(1, 40))
def test_raw_points_are_those_of_the_range(
    past: Past, stream: int, range_ms: tuple[int, int], limit: int | None
) -> None:
    with closing(past.connection):
        question = Question(ADDRESSES[stream], *range_ms, limit=limit)
        expected = values_of(past.of(stream, *range_ms))[-(limit or 0) :]
        assert finish(past.queries.ask(question)).points == expected


@settings(max_examples=300)
@given(
    pasts(),
    st.integers(1, 2),
    ranges,
    st.sampled_from(Aggregate),
    st.sampled_from([1000, 7000, 60_000, 90_000, 300_000, 3_600_000, 5_400_000, 7_200_000])
    | st.sampled_from([86_400_000, 3 * 86_400_000, 7 * 86_400_000]),
    st.integers(0, 5).map(lambda one: one == 5),
)
def test_steps_are_those_of_brute_force(
    past: Past,
    stream: int,
    range_ms: tuple[int, int],
    aggregate: Aggregate,
    step_ms: int,
    is_text: bool,
) -> None:
    with closing(past.connection):
        question = Question(
            ADDRESSES[stream], *range_ms, step_ms, aggregate=aggregate, is_text=is_text
        )
        expected = past.steps(stream, question)
        answer = finish(past.queries.ask(question))
        assert answer.points == []
        assert [one.at_ms for one in answer.steps] == [one.at_ms for one in expected]
        assert [one.value for one in answer.steps] == pytest.approx(
            [one.value for one in expected], rel=1e-12, abs=1e-9
        )


@given(pasts(), st.integers(1, 2), ranges, st.integers(1, 12))
def test_export_gives_every_point_once_in_order(
    past: Past, stream: int, range_ms: tuple[int, int], size: int
) -> None:
    with closing(past.connection), pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "BATCH_POINTS", size)
        batches = finish(collect(past.queries.export(ADDRESSES[stream], *range_ms)))
        assert all(0 < len(batch) <= size for batch in batches)
        assert [one for batch in batches for one in batch] == values_of(past.of(stream, *range_ms))


@settings(max_examples=300)
@given(pasts(), st.integers(1, 2), ranges, st.integers(1, 30), st.sampled_from(Aggregate))
def test_chart_fits_its_width_and_invents_nothing(
    past: Past, stream: int, range_ms: tuple[int, int], width: int, aggregate: Aggregate
) -> None:
    with closing(past.connection):
        question = Question(ADDRESSES[stream], *range_ms, width=width, aggregate=aggregate)
        answer = finish(past.queries.ask(question))
        points = values_of(past.of(stream, *range_ms))
        assert len(answer.points) + len(answer.steps) <= width
        if answer.step_ms:
            expected = past.steps(stream, question._replace(step_ms=answer.step_ms))
            moments = iter([one.at_ms for one in expected])
            assert all(one.at_ms in moments for one in answer.steps)
            wanted = {
                one.at_ms // answer.step_ms * answer.step_ms
                for one in past.of(stream, *range_ms)
                if number(one.value) is not None
            }
            assert wanted <= {one.at_ms for one in answer.steps}
        else:
            rest = iter(points)
            assert all(one in rest for one in answer.points)
            assert answer.is_thinned == (len(answer.points) < len(points))
        # A count is of numbers, and there may be none among these.
        is_count = aggregate is Aggregate.COUNT and past.has_numbers(stream)
        if points and not is_count:
            assert answer.points or answer.steps or len(points) > 4 * width


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200),
    st.integers(1, 250),
)
def test_thinning_keeps_ends_and_extremes(values: list[float], width: int) -> None:
    moments = [float(at) for at in range(len(values))]
    kept = thin(moments, values, width)
    assert kept == sorted(set(kept))
    assert len(kept) <= width
    if width >= 4 or width >= len(values):
        assert {0, len(values) - 1} <= set(kept)
        shown = [values[at] for at in kept]
        assert (min(shown), max(shown)) == (min(values), max(values))
    assert len(kept) >= min(width, len(values)) - 2
