"""Points in a real InfluxDB, and what the answers of servers like it become."""

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from blynk_gateway.blynk_server.certificates import make_certificates
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.feed import FeedBatch
from blynk_gateway.errors import PeerError
from blynk_gateway.mirror import influx as module
from blynk_gateway.mirror.delivery import Delivery
from blynk_gateway.mirror.influx import MAX_RETRY_AFTER_S, InfluxSink
from blynk_gateway.mirror.sink import (
    Piece,
    PointsRefused,
    PointsTooOld,
    ServerDown,
    ServerRefused,
    TooManyPoints,
)
from tests.helpers.engines import Influx
from tests.helpers.feeds import START_MS, batch_of
from tests.helpers.processes import free_port

POINTS = "SELECT device, gateway, pin, value, text FROM blynk"


@pytest.fixture
async def database(influx: Influx) -> str:
    return await influx.new_database()


@pytest.fixture
async def sink(influx: Influx, database: str) -> AsyncIterator[InfluxSink]:
    made = InfluxSink(influx.url(database), None, None, "pi-1")
    yield made
    await made.close()


def piece_of(sink: InfluxSink, batch: FeedBatch, texts: frozenset[int] = frozenset()) -> Piece:
    return Piece(sink.encode(batch, texts), batch.seqs, batch.times)


class Answers:
    """A server that answers as it is told.

    Attributes:
        requests: path with query, headers and body of each.
    """

    def __init__(self) -> None:
        self.response = web.Response(status=204)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.port = free_port()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.path_qs, dict(request.headers), body))
        old, self.response = self.response, web.Response(status=204)
        return old


@pytest.fixture
async def answers() -> AsyncIterator[Answers]:
    server = Answers()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", server.port).start()
    yield server
    await runner.cleanup()


async def test_numbers_and_texts_have_fields_of_their_own(
    sink: InfluxSink, influx: Influx, database: str
) -> None:
    await sink.open()
    batch = batch_of("21.5", "-7", "a\0b", "nan", "1e300", 'c\\\n"é\udcff', "1e22", "12")
    await sink.send(piece_of(sink, batch, texts=frozenset({2})))
    rows = await influx.query(POINTS, database, epoch="ns")
    assert [row[0] for row in rows] == [
        (START_MS + 1000 * index) * 1_000_000 + 1 + index for index in range(8)
    ]
    assert [row[1:] for row in rows] == [
        ["shed", "pi-1", "V1", 21.5, None],
        ["shed", "pi-1", "V2", None, "-7"],
        ["attic", "pi-1", "V1", None, '["a","b"]'],
        ["shed", "pi-1", "V1", None, "nan"],
        ["shed", "pi-1", "V2", None, "1e300"],
        ["attic", "pi-1", "V1", None, 'c\\\\n"é\N{REPLACEMENT CHARACTER}'],
        ["shed", "pi-1", "V1", 1e22, None],
        ["shed", "pi-1", "V2", None, "12"],
    ]


async def test_points_of_one_millisecond_stay_apart_and_repeats_do_not_add(
    sink: InfluxSink, influx: Influx, database: str
) -> None:
    batch = batch_of("1", "2", "3", "4", first_seq=999_999)
    batch = batch._replace(streams=[1] * 4, times=[START_MS] * 4)
    piece = piece_of(sink, batch)
    await sink.send(piece)
    for part in piece.cut(3):
        await sink.send(part)
    rows = await influx.query("SELECT value FROM blynk", database, epoch="ns")
    start_ns = START_MS * 1_000_000
    assert rows == [
        [start_ns, 2],
        [start_ns + 1, 3],
        [start_ns + 2, 4],
        [start_ns + 999_999, 1],
    ]


async def test_a_field_of_another_type_is_refused_and_the_others_are_taken(
    sink: InfluxSink, influx: Influx, database: str
) -> None:
    await sink.send(piece_of(sink, batch_of("1")))
    piece = piece_of(sink, batch_of("2", "3", start_ms=START_MS + 60_000))
    rows = [piece.rows[0].replace(b"value=2", b'value="x"'), piece.rows[1]]
    with pytest.raises(PointsRefused, match="field type conflict"):
        await sink.send(piece._replace(rows=rows))


async def test_points_older_than_the_server_keeps_are_told_apart(
    sink: InfluxSink, influx: Influx, database: str
) -> None:
    policy = f"ALTER RETENTION POLICY autogen ON {database} DURATION 24h SHARD DURATION 1h"
    await influx.query(policy)
    now_ms = time.time_ns() // 1_000_000
    old = batch_of("1", "2")
    new = batch_of("3", "4", "5", first_seq=3, start_ms=now_ms)
    rows = [*sink.encode(old, frozenset()), *sink.encode(new, frozenset())]
    piece = Piece(rows, [*old.seqs, *new.seqs], [*old.times, *new.times])
    with pytest.raises(PointsTooOld) as caught:
        await sink.send(piece)
    assert caught.value.count == 2
    assert len(await influx.query(POINTS, database)) == 3
    assert await Delivery(sink).deliver(next(piece.cut(2))) == 2


async def test_later_versions_tell_of_what_is_too_old_in_other_words(answers: Answers) -> None:
    text = (
        "failure writing points to database: partial write: dropped 12 points outside retention"
        " policy of duration 1h0m0s"
    )
    answers.response = web.Response(status=422, text=json.dumps({"message": text}))
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write", None, None, "pi-1")
    with pytest.raises(PointsTooOld) as caught:
        await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert caught.value.count == 12


async def test_a_database_that_is_not_there_is_told_at_the_beginning(influx: Influx) -> None:
    sink = InfluxSink(influx.url("none"), None, None, "pi-1")
    with pytest.raises(ServerRefused, match=r'database not found: .*"none.*make the database'):
        await sink.open()
    await sink.close()


async def test_a_user_logs_in_with_his_password() -> None:
    with Influx(has_users=True) as influx:
        admin = {"u": "admin", "p": "secret"}
        await influx.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        await influx.query("CREATE DATABASE blynk", **admin)
        url = influx.url("blynk").replace("://", "://admin@")
        sink = InfluxSink(url, Secret("secret"), None, "pi-1")
        await sink.open()
        await sink.send(piece_of(sink, batch_of("1")))
        await sink.close()
        assert len(await influx.query(POINTS, "blynk", **admin)) == 1
        wrong = InfluxSink(url, Secret("hidden"), None, "pi-1")
        with pytest.raises(ServerRefused, match=r"401 .*check the user, password") as caught:
            await wrong.open()
        await wrong.close()
        assert "hidden" not in str(caught.value)


async def test_a_killed_server_is_down_and_a_new_one_is_found(
    sink: InfluxSink, influx: Influx, database: str
) -> None:
    await sink.send(piece_of(sink, batch_of("1")))
    influx.kill()
    piece = piece_of(sink, batch_of("1", "2"))
    with pytest.raises(ServerDown, match=f"^http://127.0.0.1:{influx.port}/write: "):
        await sink.send(piece)
    influx.start()
    await sink.send(piece)
    assert len(await influx.query(POINTS, database)) == 2


async def test_a_server_that_hangs_is_given_up(
    sink: InfluxSink, influx: Influx, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    influx.freeze()
    try:
        with pytest.raises(ServerDown, match=r"^http://.*/write: "):
            await sink.send(piece_of(sink, batch_of("1")))
    finally:
        influx.thaw()
    monkeypatch.undo()
    await sink.send(piece_of(sink, batch_of("1")))


async def test_lines_are_posted_with_a_token(answers: Answers) -> None:
    url = f"http://127.0.0.1:{answers.port}/api/v2/write?org=a%20b&bucket=c"
    sink = InfluxSink(url, None, Secret("t0ken"), "pi-1")
    await sink.send(piece_of(sink, batch_of("1", "x")))
    await sink.close()
    ((path, headers, body),) = answers.requests
    assert path == "/api/v2/write?org=a%20b&bucket=c"
    assert headers["Authorization"] == "Token t0ken"
    assert body == (
        b"blynk,device=shed,gateway=pi-1,pin=V1 value=1 1700000000000000001\n"
        b'blynk,device=shed,gateway=pi-1,pin=V2 text="x" 1700000001000000002\n'
    )


async def test_user_and_password_are_in_no_url(answers: Answers) -> None:
    url = f"http://me@127.0.0.1:{answers.port}/write"
    sink = InfluxSink(url, Secret("pé"), None, "pi-1")
    await sink.open()
    await sink.close()
    ((path, headers, _),) = answers.requests
    assert path == "/write"
    assert headers["Authorization"] == f"Basic {base64.b64encode('me:pé'.encode()).decode()}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ServerRefused),
        (400, PointsRefused),
        (401, ServerRefused),
        (403, ServerRefused),
        (404, ServerRefused),
        (405, ServerRefused),
        (408, ServerDown),
        (413, TooManyPoints),
        (422, PointsRefused),
        (429, ServerDown),
        (500, ServerDown),
        (503, ServerDown),
    ],
)
async def test_status_says_what_to_do_next(
    answers: Answers, status: int, kind: type[PeerError]
) -> None:
    answers.response = web.Response(status=status, text=json.dumps({"error": "bad\nthing"}))
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write?db=x", None, None, "pi-1")
    with pytest.raises(PeerError) as caught:
        await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert type(caught.value) is kind
    place = f"http://127.0.0.1:{answers.port}/write"
    expected = f'{place}: HTTP {status} ({{"error": "bad\\nthing"}}); expected 204'
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_success_will_do(answers: Answers, status: int) -> None:
    answers.response = web.Response(status=status)
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write", None, None, "pi-1")
    await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert len(answers.requests) == 1


async def test_to_refuse_nothing_at_all_is_no_fault_at_the_beginning(answers: Answers) -> None:
    answers.response = web.Response(status=400, text="no points")
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write", None, None, "pi-1")
    await sink.open()
    await sink.close()


async def test_a_redirect_is_told_and_not_followed(answers: Answers) -> None:
    answers.response = web.Response(status=308, headers={"Location": "https://other/write?t=1"})
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write", None, None, "pi-1")
    with pytest.raises(ServerRefused, match=r"it says to use https://other/write$"):
        await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("999999999", MAX_RETRY_AFTER_S), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0)],
)
async def test_a_busy_server_says_when_to_come_back(
    answers: Answers, header: str, seconds: float
) -> None:
    answers.response = web.Response(status=503, headers={"Retry-After": header})
    sink = InfluxSink(f"http://127.0.0.1:{answers.port}/write", None, None, "pi-1")
    with pytest.raises(ServerDown) as caught:
        await sink.send(piece_of(sink, batch_of("1")))
    await sink.close()
    assert caught.value.retry_after_s == seconds


async def test_a_certificate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["127.0.0.1"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", ssl=context)
    port = server.sockets[0].getsockname()[1]
    sink = InfluxSink(f"https://127.0.0.1:{port}/write", None, None, "pi-1")
    with pytest.raises(ServerRefused, match="CERTIFICATE_VERIFY_FAILED"):
        await sink.open()
    await sink.close()
    server.close()
    await server.wait_closed()
