"""Points in a real PostgreSQL: what is there afterwards, and what its refusals become."""

import asyncio
import gc
import random
import sys
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.feed import FeedBatch
from blynk_gateway.mirror import postgres as module
from blynk_gateway.mirror.postgres import AsyncpgMissing, PostgresSink
from blynk_gateway.mirror.sink import Piece, PointsRefused, ServerDown, ServerRefused
from tests.helpers.engines import Postgres
from tests.helpers.feeds import START_MS, batch_of
from tests.helpers.patience import PATIENCE_S

POINTS = "SELECT seq, device, pin, value, text FROM blynk_point ORDER BY seq"


@pytest.fixture
async def database(postgres: Postgres) -> str:
    return await postgres.new_database()


@pytest.fixture
async def sink(postgres: Postgres, database: str) -> AsyncIterator[PostgresSink]:
    made = PostgresSink(postgres.url(database), None, "pi-1")
    yield made
    await made.close()


def piece_of(sink: PostgresSink, batch: FeedBatch, texts: frozenset[int] = frozenset()) -> Piece:
    return Piece(sink.encode(batch, texts), batch.seqs, batch.times)


async def test_numbers_and_texts_have_columns_of_their_own(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    batch = batch_of("21.5", "-7", "a\0b", "nan", "", 'tab\t\\N\n"é\udcff', "1e3", "12")
    await sink.send(piece_of(sink, batch, texts=frozenset({2})))
    assert await postgres.query(POINTS, database) == [
        (1, "shed", "V1", 21.5, None),
        (2, "shed", "V2", None, "-7"),
        (3, "attic", "V1", None, '["a","b"]'),
        (4, "shed", "V1", None, "nan"),
        (5, "shed", "V2", None, ""),
        (6, "attic", "V1", None, 'tab\t\\N\n"é\N{REPLACEMENT CHARACTER}'),
        (7, "shed", "V1", 1000.0, None),
        (8, "shed", "V2", None, "12"),
    ]


async def test_times_are_exact(sink: PostgresSink, postgres: Postgres, database: str) -> None:
    for seq, at_ms in enumerate((1_700_000_000_123, 0, 946_684_799_999)):
        await sink.send(piece_of(sink, batch_of("1", first_seq=seq, start_ms=at_ms)))
    found = await postgres.query("SELECT at FROM blynk_point ORDER BY seq", database)
    assert found == [
        (datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC),),
        (datetime(1970, 1, 1, tzinfo=UTC),),
        (datetime(1999, 12, 31, 23, 59, 59, 999_000, UTC),),
    ]


async def test_what_is_sent_again_is_there_once(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    piece = piece_of(sink, batch_of(*map(str, range(10))))
    await sink.send(piece)
    for part in piece.cut(4):
        await sink.send(part)
    found = await postgres.query(POINTS, database)
    assert [(seq, value) for seq, _, _, value, _ in found] == [(n + 1, n) for n in range(10)]


async def test_other_gateways_and_other_lives_of_a_number_stay(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.send(piece_of(sink, batch_of("1", "2")))
    other = PostgresSink(postgres.url(database), None, "pi-2")
    await other.send(piece_of(other, batch_of("3", "4")))
    await other.close()
    # After the return of an old backup its numbers are given once more.
    await sink.send(piece_of(sink, batch_of("5", "6", start_ms=START_MS + 3_600_000)))
    found = await postgres.query("SELECT gateway, value FROM blynk_point", database)
    expected = {("pi-1", 1), ("pi-1", 2), ("pi-2", 3), ("pi-2", 4), ("pi-1", 5), ("pi-1", 6)}
    assert set(found) == expected
    assert len(found) == len(expected)


async def test_what_an_older_life_sent_stays_where_numbers_leap(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.send(piece_of(sink, batch_of(*"123456")))
    # Of the six a backup has two. They were not acknowledged when it was made, so they come again,
    # with what is new: its numbers begin far away.
    old = batch_of("1", "2")
    new = batch_of("7", "8", first_seq=1000, start_ms=START_MS + 3_600_000)
    rows = [*sink.encode(old, frozenset()), *sink.encode(new, frozenset())]
    await sink.send(Piece(rows, [*old.seqs, *new.seqs], [*old.times, *new.times]))
    found = await postgres.query(POINTS, database)
    assert [value for _, _, _, value, _ in found] == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_server_that_is_still_at_it_when_it_is_sent_again_has_it_once(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.open()
    # A commit that takes as long as somebody else has the lock.
    await postgres.query(
        """CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END'""",
        database,
    )
    await postgres.query(
        """CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON blynk_point
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()""",
        database,
    )
    disk = await asyncpg.connect(postgres.url(database))
    await disk.execute("SELECT pg_advisory_lock(1)")

    async def until_waiting(count: int) -> None:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(PATIENCE_S):
            while await disk.fetchval(waiting) < count:
                assert not sending.done()

    piece = piece_of(sink, batch_of("1", "2"))
    loop = asyncio.get_running_loop()
    sending = loop.create_task(sink.send(piece), name="first")
    await until_waiting(1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    sending = loop.create_task(sink.send(piece), name="again")
    await until_waiting(2)
    await disk.execute("SELECT pg_advisory_unlock(1)")
    await sending
    await disk.close()
    assert len(await postgres.query(POINTS, database)) == 2


async def test_a_user_who_may_only_write_needs_a_table_that_is_there(
    postgres: Postgres, database: str
) -> None:
    await postgres.query(f"CREATE ROLE only_{database} LOGIN", database)
    sink = PostgresSink(postgres.url(database, f"only_{database}"), None, "pi-1")
    with pytest.raises(ServerRefused, match="permission denied for schema public"):
        await sink.open()
    owner = PostgresSink(postgres.url(database), None, "pi-1")
    await owner.open()
    await owner.close()
    with pytest.raises(ServerRefused, match="permission denied for table blynk_point"):
        await sink.send(piece_of(sink, batch_of("1")))
    grant = f"GRANT SELECT, INSERT, DELETE ON blynk_point TO only_{database}"
    await postgres.query(grant, database)
    await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert await postgres.query(POINTS, database) == [(1, "shed", "V1", 1.0, None)]


async def test_a_table_with_other_columns_is_refused(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await postgres.query("CREATE TABLE blynk_point (at timestamptz)", database)
    with pytest.raises(ServerRefused, match='column "gateway" does not exist'):
        await sink.send(piece_of(sink, batch_of("1")))


async def test_points_that_a_rule_of_the_table_forbids_are_refused_as_a_whole(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.open()
    await postgres.query("ALTER TABLE blynk_point ADD CHECK (value < 5)", database)
    with pytest.raises(PointsRefused, match="violates check constraint"):
        await sink.send(piece_of(sink, batch_of("1", "9")))
    assert await postgres.query(POINTS, database) == []
    await sink.send(piece_of(sink, batch_of("1", "2")))
    assert len(await postgres.query(POINTS, database)) == 2


async def test_a_trigger_that_raises_and_a_text_too_long_for_an_index_refuse_points(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.open()
    await postgres.query("CREATE INDEX ON blynk_point (text)", database)
    long = random.Random(1).randbytes(2000).hex()  # noqa: S311  nothing secret
    with pytest.raises(PointsRefused, match="exceeds btree"):
        await sink.send(piece_of(sink, batch_of("1", long)))
    await postgres.query(
        """CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION $$ not that one $$; END'""",
        database,
    )
    await postgres.query(
        """CREATE TRIGGER judge BEFORE INSERT ON blynk_point
            FOR EACH ROW WHEN (NEW.value > 5) EXECUTE FUNCTION judge()""",
        database,
    )
    with pytest.raises(PointsRefused, match="not that one"):
        await sink.send(piece_of(sink, batch_of("1", "9")))


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        (("postgres@", "nobody@"), ServerRefused, 'role "nobody" does not exist'),
        (("/test_", "/none_"), ServerRefused, 'database "none_.*" does not exist'),
        (("127.0.0.1:", "127.0.0.1:1"), ServerDown, "."),
        (("?", "?sslmode=verify-full"), ServerRefused, "."),
        (("?", "?sslmode=nonsense"), ServerRefused, "sslmode"),
    ],
)
async def test_who_cannot_log_in_is_told_why(
    postgres: Postgres, database: str, change: tuple[str, str], kind: type[Exception], reason: str
) -> None:
    url = (postgres.url(database) + "?").replace(*change, 1)
    if "127.0.0.1:1" in url:
        url = f"postgresql://postgres@127.0.0.1:1/{database}"
    sink = PostgresSink(url, Secret("hidden"), "pi-1")
    with pytest.raises(kind, match=reason) as caught:
        await sink.open()
    await sink.close()
    assert "hidden" not in str(caught.value)
    assert "postgres@" not in str(caught.value)


async def test_a_killed_server_is_down_and_a_new_one_is_found(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.send(piece_of(sink, batch_of("1")))
    postgres.kill()
    piece = piece_of(sink, batch_of("1", "2"))
    with pytest.raises(ServerDown, match=f"^postgresql://127.0.0.1:{postgres.port}/{database}: "):
        await sink.send(piece)
    with pytest.raises(ServerDown):
        await sink.send(piece)
    postgres.start()
    await sink.send(piece)
    assert len(await postgres.query(POINTS, database)) == 2


@pytest.mark.parametrize("is_connected", [True, False])
async def test_a_server_that_hangs_is_given_up(
    sink: PostgresSink,
    postgres: Postgres,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    is_connected: bool,
) -> None:
    piece = piece_of(sink, batch_of("1", "2"))
    if is_connected:
        await sink.send(piece)
    monkeypatch.setattr(module, "TIMEOUT_S", 0.9)
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.2)
    postgres.freeze()
    try:
        with pytest.raises(ServerDown, match=f"no answer within {1 if is_connected else 0} s"):
            await sink.send(piece)
    finally:
        postgres.thaw()
    monkeypatch.undo()
    await sink.send(piece)
    assert len(await postgres.query(POINTS, database)) == 2


async def test_a_cancelled_transaction_leaves_nothing_open(
    sink: PostgresSink, postgres: Postgres, database: str
) -> None:
    await sink.open()
    piece = piece_of(sink, batch_of("1", "2"))
    other = await asyncpg.connect(postgres.url(database))
    async with other.transaction():
        await other.execute("LOCK TABLE blynk_point")
        sending = asyncio.get_running_loop().create_task(sink.send(piece), name="sending")
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(PATIENCE_S):
            while not await other.fetch(waiting):
                assert not sending.done()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    await other.close()
    await sink.send(piece)
    assert len(await postgres.query(POINTS, database)) == 2


async def test_what_was_sent_stays_in_no_memory(sink: PostgresSink) -> None:
    piece = piece_of(sink, batch_of(*["x" * 100] * 1000))
    await sink.send(piece)
    gc.collect()
    # Of what is left in cycles, a daemon gets rid only now and then.
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10):
            await sink.send(piece)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 2 * sum(map(len, piece.rows))


async def test_without_the_library_it_says_what_to_install(
    sink: PostgresSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(AsyncpgMissing, match="expected the package asyncpg") as caught:
        await sink.open()
    await sink.close()
    assert "python3-asyncpg" in caught.value.hint
