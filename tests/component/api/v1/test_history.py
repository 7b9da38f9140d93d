"""`/api/v1/history` on a real socket."""

import asyncio
import gzip
import json

import pytest

from blynk_gateway.api.streaming import MAX_EXPORTS
from blynk_gateway.api.v1.history import MAX_LIMIT, MAX_PINS
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent
from blynk_gateway.core.history import Aggregate
from blynk_gateway.core.periods import LEGACY_PERIODS
from tests.helpers.http import CONFIG, VIEWER, Answer, Site
from tests.helpers.patience import PATIENCE_S

NOW = 1_700_000_000_000
MINUTE = 60_000
V3 = PinAddress("greenhouse", "V3")
V7 = PinAddress("greenhouse", "V7")
PAST = "/api/v1/history"


async def ask(site: Site, rest: str, **headers: str) -> Answer:
    return await site.request("GET", f"{PAST}{rest}", bearer=VIEWER, headers=headers)


def fill(site: Site, points: int, address: PinAddress = V3, every_ms: int = 1000) -> None:
    """Points of the latest past, the last one this very millisecond."""
    for number in range(points):
        site.history.add(address, NOW - (points - 1 - number) * every_ms, f"{number}.50")


async def test_points_of_the_last_day_oldest_first(site: Site) -> None:
    site.history.add(V3, NOW - 2 * 86_400_000, "1")
    site.history.add(V3, NOW, "21.50")
    site.history.add(V3, NOW - MINUTE, "20.0")
    answer = await ask(site, "/Greenhouse/v3")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.json == {
        "address": "greenhouse/V3",
        "step_ms": 0,
        "points": [[NOW - MINUTE, 20], [NOW, 21.5]],
    }


async def test_plus_of_a_time_zone_needs_no_escape(site: Site) -> None:
    for zone in ("+01:00", "%2B01:00"):
        span = f"from=2023-11-14T23:00{zone}&to=2023-11-14T23:10{zone}"
        assert (await ask(site, f"/greenhouse/V3?{span}&step=1m")).status == 200
        asked = site.history.asked[-1]
        assert (asked.from_ms, asked.to_ms) == (1_699_999_200_000, 1_699_999_800_000)


async def test_no_points_are_an_empty_list(site: Site) -> None:
    assert (await ask(site, "/greenhouse/V3")).json["points"] == []
    assert (await ask(site, "/greenhouse/V3?step=raw")).json["points"] == []
    assert (await ask(site, "/greenhouse/V3?step=1h")).json == {
        "address": "greenhouse/V3",
        "step_ms": 3_600_000,
        "points": [],
    }


@pytest.mark.parametrize(
    ("pin", "value", "shown"),
    [
        ("V3", ("nan",), "nan"),
        ("V3", ("-0.5",), -0.5),
        ("V3", ("1e300",), 1e300),
        ("V4", ("13.4", "52.5"), ["13.4", "52.5"]),
        ("V7", ("21.50",), "21.50"),
        ("V7", ('"ü"\ud800\n',), '"ü"\N{REPLACEMENT CHARACTER}\n'),
        ("V9", ("007",), 7),
        ("V9", ("on",), "on"),
    ],
)
async def test_value_is_a_number_unless_its_datastream_or_it_says_otherwise(
    site: Site, pin: str, value: tuple[str, ...], shown: object
) -> None:
    site.store.write("greenhouse", "V9", ("1",), CONFIG, Intent.REPORT)
    site.history.add(PinAddress("greenhouse", pin), NOW, *value)
    for step in ("auto", "raw"):
        answer = await ask(site, f"/greenhouse/{pin}?step={step}")
        assert answer.json["points"] == [[NOW, shown]]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (f"from={NOW - 2000}&to={NOW}", [1, 2]),
        ("from=-2s", [1, 2, 3]),
        ("from=2023-11-14T22:13:18Z&to=2023-11-14T22:13:19Z", [1]),
        ("to=-1s", [0, 1]),
    ],
)
async def test_range_is_in_ms_iso_or_before_now(site: Site, span: str, expected: list[int]) -> None:
    fill(site, 4)
    points = (await ask(site, f"/greenhouse/V3?{span}")).json["points"]
    assert [value - 0.5 for _, value in points] == expected


@pytest.mark.parametrize("step", ["1m", "60000"])
async def test_steps_are_aggregates(site: Site, step: str) -> None:
    begin = NOW - NOW % MINUTE
    for at_ms, text in ((begin - 2 * MINUTE, "1"), (begin, "2"), (begin + 1, "4")):
        site.history.add(V3, at_ms, text)
    expected = {"avg": 3, "min": 2, "max": 4, "sum": 6, "count": 2, "last": 4}
    assert set(expected) == set(Aggregate)
    for agg, value in expected.items():
        answer = await ask(site, f"/greenhouse/V3?step={step}&agg={agg}")
        # A minute without points is left out, not invented.
        assert answer.json == {
            "address": "greenhouse/V3",
            "step_ms": MINUTE,
            "points": [[begin - 2 * MINUTE, 1], [begin, value]],
        }


async def test_long_range_of_steps_is_asked_in_slices_and_is_the_same(site: Site) -> None:
    fill(site, 500, every_ms=7 * MINUTE)
    answer = await ask(site, "/greenhouse/V3?from=-10d&step=1s")
    assert len(answer.json["points"]) == 500
    assert len(site.history.asked) > 5
    assert all(one.to_ms - one.from_ms <= 86_400_000 for one in site.history.asked)
    assert all(one.from_ms % 1000 == 0 for one in site.history.asked[1:])


async def test_width_is_passed_on_and_thinning_is_told(site: Site) -> None:
    fill(site, 100)
    answer = await ask(site, "/greenhouse/V3?width=10")
    assert (answer.json["thinned"], len(answer.json["points"])) == (True, 10)
    assert "thinned" not in (await ask(site, "/greenhouse/V3?width=100")).json


async def test_limit_is_the_latest_points(site: Site) -> None:
    fill(site, 9)
    assert (await ask(site, "/greenhouse/V3?limit=2")).json["points"] == [
        [NOW - 1000, 7.5],
        [NOW, 8.5],
    ]


async def test_csv_has_a_head_and_quotes(site: Site) -> None:
    site.history.add(V7, NOW - 2, 'a,"b"\nc')
    site.history.add(V7, NOW - 1, "x", "y")
    answer = await ask(site, "/greenhouse/V7?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text == (f'at_ms,value\n{NOW - 2},"a,""b""\nc"\n{NOW - 1},"[""x"",""y""]"\n')


@pytest.mark.parametrize("form", ["csv", "ndjson", "influx", "json"])
@pytest.mark.parametrize("points", [0, 1, 5000])
async def test_gzip_is_sent_to_those_who_ask_and_holds_the_same(
    site: Site, form: str, points: int
) -> None:
    fill(site, points)
    path = f"/greenhouse/V3?format={form}&step=raw"
    plain = await ask(site, path)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    packed = await ask(site, path, **{"Accept-Encoding": "deflate, gzip;q=0.8"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    refused = await ask(site, path, **{"Accept-Encoding": "gzip; q=0"})
    assert refused.body == plain.body


async def test_lines_and_line_protocol(site: Site) -> None:
    site.history.add(V3, NOW, "21.50")
    answer = await ask(site, "/greenhouse/V3?format=ndjson")
    assert answer.text == f"[{NOW},21.5]\n"
    answer = await ask(site, "/greenhouse/V3?format=influx")
    assert answer.text == f"blynk,device=greenhouse,pin=V3 value=21.5 {NOW}000000\n"


async def test_several_pins_are_joined_in_one_answer(site: Site) -> None:
    fill(site, 2)
    site.history.add(V7, NOW, "hello")
    pins = "greenhouse/v3,greenhouse/V7,greenhouse/V3"
    answer = await ask(site, f"?pins={pins}&step=raw")
    assert answer.json == {
        "series": [
            {"address": "greenhouse/V3", "step_ms": 0, "points": [[NOW - 1000, 0.5], [NOW, 1.5]]},
            {"address": "greenhouse/V7", "step_ms": 0, "points": [[NOW, "hello"]]},
        ]
    }
    answer = await ask(site, f"?pins={pins}&format=csv")
    assert answer.text.splitlines() == [
        "address,at_ms,value",
        f"greenhouse/V3,{NOW - 1000},0.5",
        f"greenhouse/V3,{NOW},1.5",
        f"greenhouse/V7,{NOW},hello",
    ]
    answer = await ask(site, f"?pins={pins}&format=ndjson&limit=1")
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        ["greenhouse/V3", NOW, 1.5],
        ["greenhouse/V7", NOW, "hello"],
    ]


async def test_periods_of_the_legacy_server_are_averages_up_to_now(site: Site) -> None:
    for name, (steps, step_ms) in LEGACY_PERIODS.items():
        end = NOW // step_ms * step_ms + step_ms
        asked = (await ask(site, f"/greenhouse/V3?period={name}")).json
        assert asked["step_ms"] == step_ms
        assert {one.aggregate for one in site.history.asked} == {Aggregate.AVG}
        # Long ones are asked for in slices.
        assert site.history.asked[0].from_ms == end - steps * step_ms
        assert site.history.asked[-1].to_ms == end
        site.history.asked.clear()


async def test_several_pins_side_by_side_show_gaps(site: Site) -> None:
    hour = 60 * MINUTE
    begin = NOW - NOW % hour
    other = PinAddress("greenhouse", "V4")
    for address, at_ms, value in [
        (V3, begin - hour, "1"),
        (V3, begin - hour + 1, "2"),
        (V3, begin, "5"),
        (other, begin, "7"),
        (other, begin - 3 * hour, "9"),
    ]:
        site.history.add(address, at_ms, value)
    path = f"?pins=greenhouse/V3,greenhouse/V4&from={begin - 5 * hour}&step=1h&layout=rows"
    rows = [[begin - 3 * hour, None, 9], [begin - hour, 1.5, None], [begin, 5, 7]]
    answer = await ask(site, path)
    assert answer.json == {
        "addresses": ["greenhouse/V3", "greenhouse/V4"],
        "step_ms": hour,
        "rows": rows,
    }
    assert (await ask(site, f"{path}&limit=2")).json["rows"] == rows[1:]
    assert (await ask(site, f"{path}&format=csv", **{"Accept-Encoding": "identity"})).text == (
        f"at_ms,greenhouse/V3,greenhouse/V4\n{begin - 3 * hour},,9\n"
        f"{begin - hour},1.5,\n{begin},5,7\n"
    )
    packed = await ask(site, f"{path}&format=ndjson", **{"Accept-Encoding": "gzip"})
    lines = gzip.decompress(packed.body).decode().splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert (await ask(site, f"{path}&layout=series")).json["addresses"]
    assert "series" in (await ask(site, path.replace("layout=rows", "layout=series"))).json


async def test_stats(site: Site) -> None:
    fill(site, 3)
    site.history.add(V7, NOW - 5000, "x")
    answer = await site.request("GET", "/api/v1/history-stats", bearer=VIEWER)
    assert answer.json == {
        "points": 4,
        "oldest_ms": NOW - 5000,
        "file_bytes": 4096,
        "levels": {"minute": 3, "hour": 2, "day": None},
        "streams": [
            {"address": "greenhouse/V3", "points": 3},
            {"address": "greenhouse/V7", "points": 1},
        ],
        "doubtful": [{"from_ms": 1, "to_ms": 2, "quality": "corrected"}],
    }


@pytest.mark.parametrize(
    ("rest", "status", "code", "named"),
    [
        ("/greenhouse/V3?from=now&to=-1d", 400, "history.question", "before"),
        ("/greenhouse/V3?from=-1h&to=-1h", 400, "history.question", "before"),
        ("/greenhouse/V3?from=yesterday", 400, "history.question", "from: "),
        ("/greenhouse/V3?to=x", 400, "history.question", "to: "),
        ("/greenhouse/V3?step=x", 400, "history.question", "step: "),
        ("/greenhouse/V3?step=-5", 400, "history.question", "step: "),
        ("/greenhouse/V3?step=1ms&from=-1y", 400, "history.question", "steps of 1 ms"),
        ("/greenhouse/V3?step=9ms&from=-1m", 400, "history.question", "absurd"),
        ("/greenhouse/V3?agg=median", 400, "history.question", "agg: "),
        ("/greenhouse/V3?format=xml", 400, "history.question", "format: "),
        ("/greenhouse/V3?width=1", 400, "history.question", "width: "),
        ("/greenhouse/V3?width=99999", 400, "history.question", "width: "),
        ("/greenhouse/V3?width=10&step=1m", 400, "history.question", "width"),
        ("/greenhouse/V3?limit=0", 400, "history.question", "limit: "),
        (f"/greenhouse/V3?limit={MAX_LIMIT + 1}", 400, "history.question", "limit: "),
        ("/greenhouse/V300", 404, "pin.unknown", "V300"),
        ("/greenhouse/V99", 404, "pin.unknown", "never written"),
        ("/nobody/V1", 404, "device.unknown", "nobody"),
        ("", 400, "history.question", "pins: "),
        ("?pins=,", 400, "history.question", "pins: "),
        (f"?pins={'greenhouse/V3,' * (MAX_PINS + 1)}", 400, "history.question", "pins: "),
        ("?pins=greenhouse/V3,greenhouse/V99", 404, "pin.unknown", "never written"),
        ("?pins=greenhouse", 404, "pin.unknown", "no pin address"),
        ("/greenhouse/V3?period=ALL", 400, "history.question", "expected one of LIVE, "),
        ("/greenhouse/V3?period=DAY&from=-1h", 400, "history.question", "without `from`"),
        ("/greenhouse/V3?period=DAY&width=10", 400, "history.question", "without `width`"),
        ("?pins=greenhouse/V3&layout=rows", 400, "history.question", "expected a step"),
        ("?pins=greenhouse/V3&layout=rows&step=raw", 400, "history.question", "expected a step"),
        ("?pins=greenhouse/V3&layout=wide", 400, "history.question", "layout: found 'wide'"),
        (
            "?pins=greenhouse/V3&layout=rows&step=1h&format=influx",
            400,
            "history.question",
            "expected json, csv, ndjson",
        ),
    ],
)
async def test_bad_question_has_one_clear_error(
    site: Site, rest: str, status: int, code: str, named: str
) -> None:
    answer = await ask(site, rest)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert named in error["message"]
    assert error["hint"]


@pytest.mark.parametrize("rest", ["", "?step=raw", "?step=1h", "?limit=1"])
async def test_unreadable_database_is_503_before_anything_is_sent(site: Site, rest: str) -> None:
    site.history.is_broken = True
    answer = await ask(site, f"/greenhouse/V3{rest}")
    assert (answer.status, answer.json["error"]["code"]) == (503, "history.error")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_failure_halfway_cuts_the_answer_so_that_nobody_takes_it_for_whole(
    site: Site, encoding: str
) -> None:
    fill(site, 5000)
    site.history.fails_after = 3
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await ask(site, "/greenhouse/V3?step=raw", **{"Accept-Encoding": encoding})
    assert site.health.counters["exports_broken_off"] == 1
    assert site.history.exporting == 0


def fill_with_megabytes(site: Site) -> None:
    """More than the buffers of a connection hold, in 200 batches of 100 kB."""
    site.history.batch = 100
    for number in range(20_000):
        site.history.add(V7, NOW - 20_000 + number, "x" * 1000)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing tells when it comes true
            await asyncio.sleep(0.01)


async def test_peer_that_does_not_read_stops_the_reading_and_one_that_goes_ends_it(
    site: Site,
) -> None:
    fill_with_megabytes(site)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    writer.write(
        f"GET {PAST}/greenhouse/V7?step=raw HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {VIEWER}\r\n\r\n".encode()
    )
    assert await reader.readexactly(15) == b"HTTP/1.1 200 OK"
    before = -1
    while before != site.history.batches_read:
        before = site.history.batches_read
        await asyncio.sleep(0.2)
    assert 0 < before < 190
    assert site.history.exporting == 1
    writer.transport.abort()
    await until(lambda: site.history.exporting == 0)
    assert site.history.batches_read < 200


async def test_too_many_exports_at_once_are_refused_and_end_nothing(site: Site) -> None:
    fill_with_megabytes(site)
    writers = []
    for _ in range(MAX_EXPORTS):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
        writer.write(
            f"GET {PAST}/greenhouse/V7?step=raw HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {VIEWER}\r\n\r\n".encode()
        )
        assert await reader.readexactly(15) == b"HTTP/1.1 200 OK"
        writers.append(writer)
    answer = await ask(site, "/greenhouse/V3?limit=1")
    assert (answer.status, answer.json["error"]["code"]) == (503, "history.too_many")
    for writer in writers:
        writer.transport.abort()
    await until(lambda: site.history.exporting == 0)
    assert (await ask(site, "/greenhouse/V3?limit=1")).status == 200
