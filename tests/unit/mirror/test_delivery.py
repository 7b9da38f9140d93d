"""Nothing that a sink would take is lost, whatever it refuses beside it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.mirror.delivery import MAX_BYTES, MAX_POINTS, PROBES, Delivery
from blynk_gateway.mirror.sink import Piece, PointsTooOld, ServerDown, ServerRefused, TooManyPoints
from tests.helpers.feeds import FakeSink


def piece_of(count: int) -> Piece:
    return Piece([b"%d" % index for index in range(count)], range(count), range(count))


class SmallSink(FakeSink):
    """Takes at most so many points at once."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.asked: list[int] = []

    async def send(self, piece: Piece) -> None:
        self.asked.append(len(piece.rows))
        if len(piece.rows) > self.limit:
            raise TooManyPoints("too large; expected less")
        await super().send(piece)


async def test_a_batch_goes_in_one_piece_and_a_huge_one_in_several() -> None:
    sink = FakeSink()
    assert await Delivery(sink).deliver(piece_of(MAX_POINTS + 1)) == 0
    assert sink.sizes == [MAX_POINTS, 1]


async def test_long_texts_go_in_pieces_too() -> None:
    sink = FakeSink()
    rows = [b"%d" % index + bytes(4000) for index in range(1000)]
    assert await Delivery(sink).deliver(Piece(rows, range(1000), range(1000))) == 0
    assert sink.rows == set(rows)
    assert max(sink.sizes) * 4000 <= MAX_BYTES


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
async def test_all_but_the_bad_points_arrive(case: tuple[int, set[int]]) -> None:
    count, bad = case
    piece = piece_of(count)
    sink = FakeSink([b"%d" % index for index in bad])
    try:
        refused = await Delivery(sink).deliver(piece)
    except ServerRefused:
        # Of good points a few were probed, and none of those was good.
        assert len(bad) >= min(count, PROBES)
    else:
        assert refused == len(bad)
        assert sink.rows == set(piece.rows) - sink.refused


async def test_one_bad_point_among_thousands_costs_few_requests() -> None:
    sink = FakeSink([b"1234"])
    assert await Delivery(sink).deliver(piece_of(5000)) == 1
    assert len(sink.sizes) < 40


async def test_a_server_that_refuses_everything_is_wrongly_set_up() -> None:
    sink = FakeSink(piece_of(5000).rows)
    with pytest.raises(ServerRefused, match="refuses every point: the point is wrong"):
        await Delivery(sink).deliver(piece_of(5000))
    assert len(sink.sizes) < 2 * PROBES


async def test_a_server_that_takes_less_gets_less_from_then_on() -> None:
    sink = SmallSink(1000)
    delivery = Delivery(sink)
    assert await delivery.deliver(piece_of(5000)) == 0
    assert len(sink.rows) == 5000
    sink.asked.clear()
    assert await delivery.deliver(piece_of(5000)) == 0
    assert sink.asked == [625] * 8


class ForgetfulSink(FakeSink):
    """Keeps nothing from before a time, as InfluxDB: it takes all else, unless one is bad."""

    def __init__(self, first_ms: int, refused: Sequence[bytes] = ()) -> None:
        super().__init__(refused)
        self.first_ms = first_ms

    async def send(self, piece: Piece) -> None:
        young = [
            row
            for row, at_ms in zip(piece.rows, piece.times, strict=True)
            if at_ms >= self.first_ms
        ]
        await super().send(piece._replace(rows=young))
        if len(young) < len(piece.rows):
            raise PointsTooOld("too old; expected newer ones", len(piece.rows) - len(young))


@pytest.mark.parametrize("bad", [[], [b"4999"]])
async def test_points_that_are_too_old_hold_nothing_up(bad: list[bytes]) -> None:
    sink = ForgetfulSink(4000, bad)
    assert await Delivery(sink).deliver(piece_of(5000)) == 4000 + len(bad)
    assert sink.rows == {b"%d" % index for index in range(4000, 5000)} - set(bad)
    assert len(sink.sizes) < 40
    assert await Delivery(ForgetfulSink(5000)).deliver(piece_of(5000)) == 5000


async def test_a_server_that_refuses_all_that_is_not_too_old_is_wrongly_set_up() -> None:
    with pytest.raises(ServerRefused):
        await Delivery(ForgetfulSink(1, piece_of(5000).rows)).deliver(piece_of(5000))


async def test_a_server_that_goes_away_is_not_asked_for_the_rest() -> None:
    class Leaving(FakeSink):
        async def send(self, piece: Piece) -> None:
            raise ServerDown("gone; expected an answer")

    with pytest.raises(ServerDown):
        await Delivery(Leaving()).deliver(piece_of(10))
