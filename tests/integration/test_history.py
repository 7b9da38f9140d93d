"""The past against a running daemon: as a device, an old program or a person asks for it."""

import asyncio
import csv
import gzip
import http.client
import io
import json
import struct
import time
import urllib.request
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet
import pytest

from tests.helpers.bench import TOKEN, command, eventually
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import GatewayProcess

MINUTE = 60_000
HOUR = 60 * MINUTE
CONFIG = {
    "devices": {
        "bench": {
            "name": "Bench",
            "token": TOKEN,
            "datastreams": {
                "V5": {"name": "Temperature", "type": "double", "min": -40, "max": 85},
                "V7": {"name": "State", "type": "string"},
            },
        }
    }
}


BAD_QUESTIONS: list[tuple[tuple[str, ...], int, str]] = [
    (("bench/V5", "--from", "now", "--to", "-1d"), 1, "expected `from` before `to`"),
    (("bench/V5", "--from", "tomorrow"), 2, "the time 'tomorrow' is none"),
    (("bench/V5", "--from", "1969-01-01"), 2, "expected one from 1970 to 9999"),
    (("bench/V5", "--step", "-1"), 1, "step: found '-1'"),
    (("bench/V5", "--step", "1ms", "--from", "-1y"), 1, "more than 1000000 steps of 1 ms"),
    (("bench/V5", "--step", "1ms", "--from", "-1m"), 1, "the step is 1 ms; expected 0"),
    (("bench/V5", "--step", "99y"), 1, "expected 0 for raw points, or 10 ms to"),
    (("bench/V99",), 1, "never written"),
    (("bench/V256",), 1, "is no pin; expected"),
    (("nobody/V5",), 1, "no device has the slug 'nobody'"),
    (("bench/V5", "--format", "parquet"), 2, "expected --output FILE"),
]


class Reply(NamedTuple):
    """What a stdlib client got, which follows no redirect."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  decoded JSON
        return json.loads(self.body)


class Client:
    """Speaks HTTP as old programs do: one request a connection, closed by the server."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}"
        self._port = port

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        return await asyncio.to_thread(self._ask, method, path, body, headers)

    def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        data = None
        if body is not None:
            data = body if isinstance(body, str) else json.dumps(body)
            headers = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, data, {"Connection": "close", **headers})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    async def upload(self, pin: str, points: object) -> Reply:
        """Timestamped points of the Blynk IoT dialect."""
        return await self("POST", f"/external/api/batch/update?token={TOKEN}&pin={pin}", points)

    async def points(self, pin: str) -> list[Any]:
        """Everything of a pin, as an old program gets it: `(value, at_ms)`."""
        link = await self("GET", f"/{TOKEN}/data/{pin}")
        assert link.status == 301, link.body
        packed = (await self("GET", link.headers["Location"])).body
        rows = list(csv.reader(gzip.decompress(packed).decode().splitlines()))
        assert {device for _, _, device in rows} == {"0"}
        return [(value, int(at_ms)) for value, at_ms, _ in rows]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, CONFIG) as process:
        yield process


@pytest.fixture
def client(gateway: GatewayProcess) -> Client:
    return Client(gateway.port)


@pytest.fixture
def now_ms() -> int:
    return int(time.time() * 1000)


def frame(command_number: int, message_id: int, *parts: str) -> bytes:
    body = "\0".join(parts).encode()
    return struct.pack(">BHH", command_number, message_id, len(body)) + body


async def test_points_of_the_past_by_the_legacy_dialect(client: Client, now_ms: int) -> None:
    items = [
        {"value": "30.5", "timestamp": now_ms - 1000},
        {"value": "29.5", "timestamp": now_ms - 3000},
        {"value": "28", "timestamp": now_ms - 2000},
    ]
    sent = await client("PUT", f"/{TOKEN}/extra/pin/v5", items)
    assert (sent.status, sent.body, sent.headers["Content-Length"]) == (200, b"", "0")
    # The first of them is the current value, whatever its time.
    assert (await client("GET", f"/{TOKEN}/get/V5")).json == ["30.5"]
    expected = [("29.5", now_ms - 3000), ("28", now_ms - 2000), ("30.5", now_ms - 1000)]
    assert await client.points("V5") == expected

    link = await client("GET", f"/{TOKEN}/data/v5/")
    path = link.headers["Location"]
    assert path.startswith("/")
    assert path.endswith(".csv.gz")
    assert TOKEN not in path
    assert link.headers["Cache-Control"] == "no-store"
    file = await client("GET", path)
    assert file.headers["Content-Type"] == "application/x-gzip"
    assert 'filename="bench_V5.csv.gz"' in file.headers["Content-Disposition"]
    assert (await client("GET", path)).status == 404

    # A client that follows redirects by itself sees the file.
    def follow() -> bytes:
        with urllib.request.urlopen(f"{client.site}/{TOKEN}/data/V5", timeout=PATIENCE_S) as answer:  # noqa: S310 - our own address
            return gzip.decompress(answer.read())

    assert (await asyncio.to_thread(follow)).splitlines()[0] == f"29.5,{now_ms - 3000},0".encode()
    for path, error in [
        (f"/{TOKEN}/data/V99", "No data."),
        (f"/{TOKEN}/data/X1", "Wrong pin format."),
        ("/0123456789abcdef0123456789abcdef/data/V5", "Invalid token."),
    ]:
        refused = await client("GET", path)
        assert (refused.status, refused.body.decode()) == (400, error)


async def test_points_of_the_past_by_the_iot_dialect(client: Client, now_ms: int) -> None:
    hour = now_ms // HOUR * HOUR - 2 * HOUR
    points = [[hour + 2 * MINUTE, 24], [hour, 20.5], [hour + MINUTE, 21.5], [hour, 22]]
    assert (await client.upload("v5", points)).body == b"OK"
    assert (await client.upload("V7", [[hour, "on"], [hour + 1, "a,b"]])).body == b"OK"
    assert (await client("GET", f"/external/api/get?token={TOKEN}&v5")).body == b"24"

    path = f"/external/api/data/get?token={TOKEN}&period=DAY"
    answer = await client("GET", path)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    link = answer.json["link"]
    assert link.startswith(f"{client.site}/")
    file = await client("GET", link.removeprefix(client.site))
    assert file.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["v5_data.csv", "v7_data.csv"]
        assert archive.read("v5_data.csv").decode() == (
            f"timestamp,Temperature\n{hour},20.5\n{hour},22\n"
            f"{hour + MINUTE},21.5\n{hour + 2 * MINUTE},24\n"
        )
        assert archive.read("v7_data.csv").decode() == (
            f'timestamp,State\n{hour},on\n{hour + 1},"a,b"\n'
        )

    for granularity, source, expected in [
        ("RAW_DATA", "AVG", [20.5, 22, 21.5, 24]),
        ("MINUTE", "AVG", [21.25, 21.5, 24]),
        ("MINUTE", "MAX", [22, 21.5, 24]),
        ("HOURLY", "MIN", [20.5]),
        ("HOURLY", "SUM", [88]),
        ("hourly", "count", [4]),
    ]:
        query = f"&granularityType={granularity}&sourceType={source}&pin=v5&output=JSON"
        found = (await client("GET", path + query)).json
        assert [row["value"] for row in found["data"]] == expected
        assert {row["data_stream_name"] for row in found["data"]} == {"Temperature"}
        assert found["rows"] == found["rows_before_limit_at_least"] == len(expected)
    # Of a week: shortly after midnight the day of two hours ago began before the last 24 hours.
    week = f"/external/api/data/get?token={TOKEN}&period=WEEK"
    daily = (await client("GET", f"{week}&granularityType=DAILY&dataStreamId=5&output=JSON")).json
    assert daily["rows"] in (1, 2)
    for query, error in [
        ("&pin=v99", "No data"),
        ("&sourceType=MEDIAN", "No enum constant sourceType.MEDIAN"),
        ("&tzName=Mars", "Unknown time-zone ID: Mars"),
    ]:
        refused = await client("GET", path + query)
        assert (refused.status, refused.json) == (500, {"error": {"message": error}})


async def test_times_of_a_group_are_those_of_the_points(
    gateway: GatewayProcess, client: Client, now_ms: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(frame(29, 1, TOKEN))
    assert await reader.readexactly(5) == struct.pack(">BHH", 0, 1, 200)
    past = now_ms - HOUR
    writer.write(
        frame(21, 2, "t", str(past)) + frame(20, 3, "vw", "5", "21") + frame(20, 4, "vw", "6", "1")
    )
    writer.write(frame(21, 5, "e") + frame(20, 6, "vw", "5", "22") + frame(6, 7))
    await reader.readuntil(struct.pack(">BHH", 0, 7, 200))
    writer.close()
    (first, at_ms), (second, later_ms) = await client.points("V5")
    assert ((first, at_ms), second) == (("21", past), "22")
    assert later_ms >= now_ms
    assert await client.points("V6") == [("1", past)]


async def test_a_value_outlives_a_group_of_the_past_and_a_restart(
    gateway: GatewayProcess, client: Client, now_ms: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(frame(29, 1, TOKEN) + frame(20, 2, "vw", "5", "9"))
    past = now_ms - HOUR
    group = (frame(20, 4 + at, "vw", "5", str(at)) for at in range(3))
    writer.write(frame(21, 3, "t", str(past)) + b"".join(group) + frame(21, 8, "e") + frame(6, 9))
    await reader.readuntil(struct.pack(">BHH", 0, 9, 200))
    writer.close()
    points = await client.points("V5")
    assert [value for value, _ in points] == ["0", "1", "2", "9"]
    assert [at_ms for _, at_ms in points][:3] == [past] * 3
    await gateway.stop()
    await gateway.start()
    assert (await client("GET", f"/{TOKEN}/get/V5")).json == ["9"]


async def test_bad_points_change_nothing_and_are_told_in_the_words_of_the_interface(
    client: Client, now_ms: int
) -> None:
    parameters = "Request with incorrect parameters"
    stamp = "Wrong timestamp. Expecting milliseconds of the last month."
    value = "Value doesn't match the Datastream data type."
    for points, error in [
        ([[now_ms + HOUR, 1]], stamp),
        ([[946_684_799_000, 1]], stamp),
        ([[-1, 1]], stamp),
        ([[now_ms - 1, 1], [now_ms - 32 * 24 * HOUR, 1]], stamp),
        (f"[[{now_ms}, NaN]]", parameters),
        (f"[[{now_ms}, -Infinity]]", parameters),
        (f"[[{now_ms}.5, 1]]", parameters),
        ([[str(now_ms), 1]], parameters),
        ([[10**22, 1]], parameters),
        ([], parameters),
        ("", parameters),
        ([[now_ms, "warm"]], value),
        ([[now_ms, "nan"]], value),
        ([[now_ms, None]], value),
        ([[now_ms, 1]] * 10_001, "Too much data in batch. Maximum batch size is 10000 points."),
    ]:
        refused = await client.upload("v5", points)
        assert (refused.status, refused.json) == (400, {"error": {"message": error}}), points
    for items in [
        [{"value": "1", "timestamp": now_ms + HOUR}],
        [{"value": "1", "timestamp": 0}],
        [{"value": "nan", "timestamp": now_ms}],
        [{"value": "1"}],
    ]:
        refused = await client("PUT", f"/{TOKEN}/extra/pin/V5", items)
        assert (refused.status, refused.body) == (400, b"Wrong request format."), items
    assert (await client("GET", f"/{TOKEN}/data/V5")).body == b"No data."
    # Points of one time are points; none replaces another.
    assert (await client.upload("v5", [[now_ms, 1], [now_ms, 1], [now_ms, 2]])).body == b"OK"
    assert await client.points("V5") == [("1", now_ms), ("1", now_ms), ("2", now_ms)]


async def test_history_command_draws_lists_and_exports(
    gateway: GatewayProcess, client: Client, now_ms: int, tmp_path: Path
) -> None:
    begin = now_ms - 2 * HOUR
    numbers = [[begin + at * 10_000, at % 60] for at in range(700) if not 200 <= at < 400]
    assert (await client.upload("v5", numbers)).body == b"OK"
    words = [[begin + at * HOUR, f"state {at}"] for at in range(2)]
    assert (await client.upload("v7", words)).body == b"OK"

    drawn = await command(gateway, "history", "bench/v5", "--from", "-3h")
    assert drawn.code == 0, drawn.err
    lines = drawn.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("bench/V5  ")
    assert lines[-1].startswith("min 0  max 59  last 39 at ")
    # The axis is no line of the chart. Before the first point, and in the gap, there is nothing.
    columns = [
        any(line[11 + at : 12 + at].strip() for line in lines[1:13]) for at in range(len(lines[13]))
    ]
    shown = "".join("x" if is_drawn else " " for is_drawn in columns)
    assert len(shown.split()) == 2, drawn.out

    listed = await command(gateway, "history", "bench/V7")
    assert [line[-7:] for line in listed.out.splitlines()[-2:]] == ["state 0", "state 1"]

    spans = ("--from", str(begin), "--to", str(now_ms))
    exported = await command(gateway, "history", "bench/V5", *spans, "--format", "csv")
    expected = "".join(f"{at_ms},{value}\n" for at_ms, value in numbers)
    assert (exported.code, exported.out, exported.err) == (0, "at_ms,value\n" + expected, "")
    as_json = await command(gateway, "history", "bench/V5", *spans, "--json")
    assert json.loads(as_json.out) == {"address": "bench/V5", "step_ms": 0, "points": numbers}
    influx = await command(gateway, "history", "bench/V7", *spans, "--format", "influx")
    assert influx.out.splitlines() == [
        f'blynk,device=bench,pin=V7 text="{word}" {at_ms}000000' for at_ms, word in words
    ]
    hourly = await command(
        gateway, "history", "bench/V5", *spans, "--step", "1h", "--agg", "count", "--json"
    )
    assert sum(value for _, value in json.loads(hourly.out)["points"]) == len(numbers)
    path = tmp_path / "x.parquet"
    options = ("--format", "parquet", "--output", str(path))
    assert (await command(gateway, "history", "bench/V5", *spans, *options)).code == 0
    table = await asyncio.to_thread(pyarrow.parquet.read_table, path)
    assert table.column("value").to_pylist() == [value for _, value in numbers]

    stats = json.loads((await command(gateway, "history", "stats", "--json")).out)
    assert stats["points"] == len(numbers) + len(words)
    assert stats["oldest_ms"] == begin
    assert stats["streams"][0] == {"address": "bench/V5", "points": len(numbers)}
    told = (await command(gateway, "history", "stats")).out
    assert f"Points   {stats['points']}\n" in told
    assert max(map(len, told.splitlines())) <= 80


async def test_bad_questions_have_one_clear_error(gateway: GatewayProcess) -> None:
    for options, code, named in BAD_QUESTIONS:
        refused = await command(gateway, "history", *options)
        assert (refused.code, refused.out) == (code, ""), options
        assert refused.err.count("blynk-gateway: ") == 1
        assert named in refused.err


async def test_past_is_the_same_after_a_restart(
    gateway: GatewayProcess, client: Client, now_ms: int
) -> None:
    points = [[now_ms - at * 1000, at] for at in range(5000, 0, -1)]
    assert (await client.upload("v5", points)).body == b"OK"
    before = await client.points("V5")
    assert await gateway.stop() == 0
    await gateway.start()
    assert await client.points("V5") == before
    key = (await command(gateway, "api-token", "add", "x", "--role", "viewer")).out.strip()

    async def hours() -> object:
        path = "/api/v1/history?pins=bench/V5&period=DAY&agg=count&layout=rows"
        answer = await client("GET", path, Authorization=f"Bearer {key}")
        return sum(count for _, count in answer.json["rows"])

    await eventually(hours, 5000)
