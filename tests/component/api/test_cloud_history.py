"""`/external/api/data/get`: zip files and JSON."""

import io
import zipfile
from urllib.parse import urlsplit

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind
from tests.helpers.http import CONFIG, TOKEN, Answer, Site

NOW = 1_700_000_000_000
HOUR = 3_600_000
V2 = PinAddress("greenhouse", "V2")
V3 = PinAddress("greenhouse", "V3")
BEGIN = NOW - NOW % HOUR


@pytest.fixture(autouse=True)
def filled(site: Site) -> None:
    for at_ms, value in ((BEGIN, "20.50"), (BEGIN + 1, "22"), (BEGIN - 26 * HOUR, "5")):
        site.history.add(V3, at_ms, value)
    site.history.add(V2, BEGIN, "7")


async def ask(site: Site, query: str = "") -> Answer:
    return await site.request("GET", f"/external/api/data/get?token={TOKEN}{query}")


async def members(site: Site, query: str = "") -> dict[str, str]:
    answer = await ask(site, query)
    assert answer.status == 200
    url = urlsplit(answer.json["link"])
    assert (url.scheme, url.netloc) == ("http", "gateway.test")
    assert TOKEN not in url.path
    file = await site.request("GET", url.path)
    assert file.headers["Content-Type"] == "application/zip"
    assert (await site.request("GET", url.path)).status == 404
    with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info).decode() for info in archive.infolist()}


async def test_link_leads_to_a_zip_with_a_file_for_each_pin_that_has_data(site: Site) -> None:
    assert await members(site) == {
        "v2_data.csv": f"timestamp,Set point\n{BEGIN},7\n",
        "v3_data.csv": (
            f"timestamp,Temperature\n{BEGIN - 26 * HOUR},5\n{BEGIN},20.5\n{BEGIN + 1},22\n"
        ),
    }


@pytest.mark.parametrize("pin", ["pin=v2", "pin=V2", "dataStreamId=2"])
async def test_one_pin_may_be_chosen(site: Site, pin: str) -> None:
    assert list(await members(site, f"&{pin}")) == ["v2_data.csv"]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("&period=HOUR", [(BEGIN, "20.5"), (BEGIN + 1, "22")]),
        ("&period=day&granularityType=hourly", [(BEGIN, "21.25")]),
        (
            "&period=WEEK&granularityType=HOURLY&sourceType=MAX",
            [(BEGIN - 26 * HOUR, "5"), (BEGIN, "22")],
        ),
        ("&period=DAY&granularityType=MINUTE&sourceType=COUNT", [(BEGIN, "2")]),
        ("&period=DAY&granularityType=MINUTE&sourceType=SUM", [(BEGIN, "42.5")]),
        ("&period=DAY&granularityType=MINUTE&sourceType=MIN", [(BEGIN, "20.5")]),
    ],
)
async def test_period_granularity_and_source(
    site: Site, query: str, rows: list[tuple[int, str]]
) -> None:
    text = (await members(site, f"&pin=v3{query}"))["v3_data.csv"]
    assert text.splitlines()[1:] == [f"{at_ms},{value}" for at_ms, value in rows]


@pytest.mark.parametrize(
    ("query", "stamp"),
    [
        ("&format=TS", str(BEGIN)),
        ("&format=ISO_SIMPLE", "2023-11-14 22:00:00"),
        ("&format=ISO_US", "11/14/23 10:00:00 PM"),
        ("&format=ISO_SIMPLE&tzName=Europe/Berlin", "2023-11-14 23:00:00"),
    ],
)
async def test_times_are_written_as_asked(site: Site, query: str, stamp: str) -> None:
    assert (await members(site, f"&pin=v2{query}"))["v2_data.csv"].endswith(f"\n{stamp},7\n")


async def test_events_come_along_when_asked_for(site: Site) -> None:
    site.registry.record_event(site.device, EventKind.LOGGED, "hot", "30 °C, or more", CONFIG)
    assert (await members(site, "&sendEvents=true"))["events.csv"] == (
        f'timestamp,code,description\n{NOW},hot,"30 °C, or more"\n'
    )
    assert "events.csv" not in await members(site, "&sendEvents=false")


async def test_json_is_answered_at_once(site: Site) -> None:
    answer = await ask(site, "&output=JSON&period=HOUR&format=ISO_SIMPLE")
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    stamp = "2023-11-14 22:00:00"
    assert answer.json == {
        "meta": [
            {"name": "data_stream_name", "type": "String"},
            {"name": "ts", "type": "UInt32"},
            {"name": "value", "type": "Float64"},
        ],
        "data": [
            {"data_stream_name": "Set point", "ts": stamp, "value": 7},
            {"data_stream_name": "Temperature", "ts": stamp, "value": 20.5},
            {"data_stream_name": "Temperature", "ts": stamp, "value": 22},
        ],
        "rows": 3,
        "rows_before_limit_at_least": 3,
    }


async def test_long_json_and_zip_are_whole(site: Site) -> None:
    for number in range(5000):
        site.history.add(V3, NOW - 10_000 + number, str(number))
    found = (await ask(site, "&output=JSON&pin=v3&period=HOUR")).json
    assert found["rows"] == len(found["data"]) == 5002
    text = (await members(site, "&pin=v3&period=HOUR"))["v3_data.csv"]
    assert len(text.splitlines()) == 5003


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("&period=YEAR", 500, "No enum constant period.YEAR"),
        ("&granularityType=x", 500, "No enum constant granularityType.x"),
        ("&sourceType=LAST", 500, "No enum constant sourceType.LAST"),
        ("&format=ISO", 500, "No enum constant format.ISO"),
        ("&output=XML", 500, "No enum constant output.XML"),
        ("&sendEvents=1", 500, "No enum constant sendEvents.1"),
        ("&tzName=Mars/Base", 500, "Unknown time-zone ID: Mars/Base"),
        ("&tzName=../../etc/passwd", 500, "Unknown time-zone ID: ../../etc/passwd"),
        ("&period=THREE_MONTHS", 500, "RAW_DATA is not supported for the THREE_MONTHS period"),
        ("&pin=v7", 500, "No data"),
        ("&pin=v99", 500, "No data"),
        ("&pin=v7&granularityType=DAILY", 500, "No data"),
        ("&pin=q", 400, "Wrong pin format."),
        ("&dataStreamId=x", 400, "Wrong dataStreamId format."),
    ],
)
async def test_bad_question_has_one_clear_error(
    site: Site, query: str, status: int, text: str
) -> None:
    answer = await ask(site, query)
    assert (answer.status, answer.json) == (status, {"error": {"message": text}})
