"""Stretches of a real journal: exactly the points asked for, whatever else is there."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailBatch, TrailCount
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.segments import stretch as module
from blynk_gateway.history.segments.stretch import add, count_points, read_points, skip_old
from tests.component.history.system import ORIGIN, System
from tests.helpers.clock import FakeClock

END = (1 << 63) - 1

V1 = PinAddress("shed", "V1")
V2 = PinAddress("shed", "V2")


class Journal:
    """A journal with device "shed", and who looks at it."""

    def __init__(self, system: System, reader: Reader) -> None:
        self.system = system
        self._reader = reader

    async def commit(self, *texts: str, pin: str = "V1") -> list[int]:
        """A segment of a value each; returns their numbers."""
        seqs = [self.system.write("shed", pin, text).seq for text in texts]
        await self.system.journal.flush()
        return seqs

    async def read(self, after: int, upto: int, *pins: PinAddress) -> TrailBatch:
        return await self._reader.run(
            partial(read_points, after=after, upto=upto, pins=frozenset(pins))
        )

    async def count(self, after: int, upto: int, *pins: PinAddress) -> tuple[TrailCount, int]:
        return await self._reader.run(
            partial(count_points, after=after, upto=upto, pins=frozenset(pins))
        )

    async def skip(self, after: int, upto: int, at_ms: int) -> tuple[int, bool]:
        return await self._reader.run(partial(skip_old, after=after, upto=upto, at_ms=at_ms))

    def damage(self, seq: int) -> None:
        connection = sqlite3.connect(self.system.path)
        connection.execute("UPDATE segment SET body = x'00' WHERE first_seq = ?", (seq,))
        connection.commit()
        connection.close()


@asynccontextmanager
async def opened(directory: Path, clock: FakeClock | None = None) -> AsyncIterator[Journal]:
    async with System(directory, clock=clock) as system:
        system.add("shed")
        reader = Reader(system.path)
        try:
            yield Journal(system, reader)
        finally:
            await reader.close()


def texts(batch: TrailBatch) -> list[str]:
    return [" ".join(point.value) for point in batch.points]


async def test_points_come_as_they_were_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        first = journal.system.write("shed", "V1", "1")
        second = journal.system.write("shed", "V2", "grün", "\udcff", at_ms=5)
        journal.system.write("shed", "V3", "3")
        await journal.system.journal.flush()
        batch = await journal.read(0, END, V1, V2)
        assert batch.points == [
            (first.seq, first.at_ms, V1, ("1",), False),
            (second.seq, 5, V2, ("grün", "\udcff"), False),
        ]
        assert (batch.upto, batch.is_last) == (END, True)


async def test_stretches_begin_and_end_in_the_middle_of_segments(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        a, b, c, d = await journal.commit(*"abcd")
        e, *_ = await journal.commit(*"ef")
        for after, upto, expected in (
            (a, c, "bc"),
            (a - 1, a, "a"),
            (b, e, "cde"),
            (d, e, "e"),
            (d, END, "ef"),
            (c, c + 1, "d"),
        ):
            batch = await journal.read(after, upto, V1)
            assert "".join(texts(batch)) == expected
            assert (batch.upto, batch.is_last) == (upto, True)
            counted, looked = await journal.count(after, upto, V1)
            assert (counted.points, looked) == (len(expected), upto)


async def test_every_split_of_a_journal_gives_every_point_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        seqs: list[int] = []
        for size in (1, 3, 2):
            seqs += await journal.commit(*map(str, range(size)))
            await journal.commit("x", pin="V9")
        for split in range(seqs[0] - 1, seqs[-1] + 3):
            before = await journal.read(0, split, V1)
            behind = await journal.read(split, END, V1)
            assert [one.seq for one in (*before.points, *behind.points)] == seqs


async def test_a_batch_ends_within_a_segment_and_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_POINTS", 3)
    async with opened(tmp_path) as journal:
        seqs = await journal.commit(*"abcdefg")
        seqs += await journal.commit(*"hi")
        first = await journal.read(0, seqs[-1], V1)
        second = await journal.read(first.upto, seqs[-1], V1)
        third = await journal.read(second.upto, seqs[-1], V1)
        batches = [first, second, third]
        assert ["".join(texts(batch)) for batch in batches] == ["abc", "def", "ghi"]
        assert [batch.upto for batch in batches] == [seqs[2], seqs[5], seqs[8]]
        assert [batch.is_last for batch in batches] == [False, False, True]


@pytest.mark.parametrize("limit", ["BATCH_SEGMENTS", "BATCH_BYTES"])
async def test_many_segments_of_others_come_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(module, limit, {"BATCH_SEGMENTS": 2, "BATCH_BYTES": 50}[limit])
    async with opened(tmp_path) as journal:
        seqs = [(await journal.commit(text))[0] for text in "abcd"]
        (last,) = await journal.commit("z", pin="V2")
        batch = await journal.read(0, last, V2)
        assert (batch.points, batch.upto, batch.is_last) == ([], seqs[1], False)
        assert await journal.count(0, last, V2) == (TrailCount(0, None, None), seqs[1])
        batch = await journal.read(seqs[1], last, V2)
        assert (batch.points, batch.upto, batch.is_last) == ([], seqs[3], False)
        assert texts(await journal.read(seqs[3], last, V2)) == ["z"]


async def test_a_piece_of_work_never_goes_beyond_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_SEGMENTS", 1)
    async with opened(tmp_path) as journal:
        a, *_ = await journal.commit(*"abc")
        batch = await journal.read(0, a, V1)
        assert (texts(batch), batch.upto, batch.is_last) == (["a"], a, True)
        assert (await journal.count(0, a, V1))[1] == a


async def test_pins_without_a_point_cost_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        await journal.commit(*"abc")
        monkeypatch.setattr(module, "pick", None)
        batch = await journal.read(0, 99, PinAddress("shed", "V7"), PinAddress("attic", "V1"))
        assert batch == TrailBatch([], 99, is_last=True)


async def test_a_device_added_anew_has_none_of_the_points_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.commit("old")
        journal.system.registry.remove("shed", ORIGIN)
        journal.system.add("shed")
        await journal.system.journal.flush()
        assert texts(await journal.read(0, END, V1)) == []
        await journal.commit("new")
        assert texts(await journal.read(0, END, V1)) == ["new"]


async def test_a_damaged_segment_is_left_out_and_said_once_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as journal:
        seqs = [(await journal.commit(text))[0] for text in "abc"]
        journal.damage(seqs[1])
        with caplog.at_level(logging.ERROR):
            batch = await journal.read(0, seqs[-1], V1)
        assert texts(batch) == ["a", "c"]
        assert (batch.upto, batch.is_last) == (seqs[-1], True)
        assert caplog.messages == ["points lost to servers above"]
        # A damaged one at the end does not hold up anything either.
        journal.damage(seqs[2])
        batch = await journal.read(0, seqs[-1], V1)
        assert (texts(batch), batch.upto) == (["a"], seqs[-1])


async def test_points_are_counted_with_their_times(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for at_ms in (700, 300, 500):
            journal.system.write("shed", "V1", "1", at_ms=at_ms)
            journal.system.write("shed", "V2", "1", at_ms=at_ms + 50)
            await journal.system.journal.flush()
        assert await journal.count(0, END, V1) == (TrailCount(3, 300, 700), END)
        assert await journal.count(0, END, V1, V2) == (TrailCount(6, 300, 750), END)
        last = journal.system.bus.next_seq - 1
        assert await journal.count(last, END, V1) == (TrailCount(0, None, None), END)


def test_counts_add_up() -> None:
    none = TrailCount(0, None, None)
    assert add(none, none) == none
    assert add(none, TrailCount(1, 5, 5)) == TrailCount(1, 5, 5)
    assert add(TrailCount(2, 3, 7), TrailCount(1, 5, 9)) == TrailCount(3, 3, 9)


async def test_bundles_are_old_when_all_of_them_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        ends = []
        for times in ((100, 200), (150,), (300, 400), (50,)):
            for at_ms in times:
                journal.system.write("shed", "V1", "1", at_ms=at_ms)
            await journal.system.journal.flush()
            ends.append(journal.system.bus.next_seq - 1)
        assert await journal.skip(0, END, 200) == (0, False)
        assert await journal.skip(0, END, 201) == (ends[1], False)
        assert await journal.skip(ends[0] - 1, END, 201) == (ends[1], False)
        assert await journal.skip(0, ends[1] - 1, 201) == (ends[0], False)
        assert await journal.skip(0, ends[0] - 1, 201) == (0, False)
        assert await journal.skip(0, END, 999) == (ends[-1], False)
        monkeypatch.setattr(module, "BATCH_SEGMENTS", 2)
        assert await journal.skip(0, END, 999) == (ends[1], True)
