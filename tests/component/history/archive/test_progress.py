from pathlib import Path

from blynk_gateway.history.archive.progress import Progress, Waiting, look
from blynk_gateway.history.file.database import Statement, open_database

FOUR_SEGMENTS: list[Statement] = [
    ("INSERT INTO setting VALUES ('checkpoint_seq', 30)", ()),
    ("UPDATE archive SET archived_seq = 10, moving_seq = 20, moving_stream = 2", ()),
    *(
        ("INSERT INTO segment VALUES (?, ?, ?, 0, 0, x'')", (first_seq, first_seq + 9, count))
        for first_seq, count in ((1, 1), (11, 2), (21, 4), (31, 8))
    ),
    # Streams 1 and 2 have something new since the archive was filled.
    *(
        ("INSERT INTO value VALUES (?, x'', 0, ?)", (stream, seq))
        for stream, seq in ((1, 11), (2, 30), (3, 10))
    ),
]


async def test_new_file_has_nothing_to_archive(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "gateway.db")
    assert await look(database, None) == (Progress(0, 0, 0), 0, Waiting(0, 0, 0))
    await database.close()


async def test_what_waits_ends_with_the_checkpoint_and_with_what_is_settled(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "gateway.db")
    await database.write(FOUR_SEGMENTS)
    progress = Progress(10, 20, 2)
    assert await look(database, None) == (progress, 30, Waiting(6, 2, 2))
    assert await look(database, 50) == (progress, 30, Waiting(6, 2, 2))
    assert await look(database, 29) == (progress, 29, Waiting(2, 1, 2))
    assert await look(database, 0) == (progress, 0, Waiting(0, 0, 2))
    await database.close()


def test_streams_up_to_the_one_that_moved_last_are_further() -> None:
    progress = Progress(10, 20, 2)
    assert [progress.archived(stream) for stream in (1, 2, 3)] == [20, 20, 10]
