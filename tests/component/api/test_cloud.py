"""The Blynk IoT dialect as a table: request → status and body."""

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.api.cloud import CloudDialect
from blynk_gateway.api.uploads import Uploads
from blynk_gateway.core.change import Intent, PastChange, PinChange
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.http import CONFIG, TOKEN, Site

JSON = "application/json;charset=utf-8"
TEXT = "text/plain;charset=utf-8"
NOW = 1_700_000_000_000
MONTH = 31 * 86_400_000

E = "/external/api"
A = f"token={TOKEN}"

WRITTEN = {
    "V0": ("as written",),
    "V2": ("21.500",),
    "V4": ("11.5", "48.1"),
    "V5": ("1",),
    "V6": ("1",),
    "A3": ("7",),
}

# Method, path, body, what comes back, and its type where it is not plain text.
SUCCESSES: list[tuple[str, str, Any, str, str]] = [
    ("GET", f"{E}/get?{A}&v2", None, "21.500", TEXT),
    ("GET", f"{E}/get/?{A}&V2", None, "21.500", TEXT),
    ("GET", f"{E}/get?{A}&pin=V2", None, "21.500", TEXT),
    ("GET", f"{E}/get?{A}&dataStreamId=2", None, "21.500", TEXT),
    ("GET", f"{E}/get?{A}&v1", None, "0", TEXT),
    ("GET", f"{E}/get?{A}&v7", None, "", ""),
    ("GET", f"{E}/get?{A}&v4", None, "[11.5,48.1]", TEXT),
    ("GET", f"{E}/get?{A}&v0&v1&v2&v7", None, '{"v0":"as written","v1":0,"v2":21.5}', JSON),
    ("GET", f"{E}/get?{A}&V5&v6&a3", None, '{"V5":1,"v6":1,"a3":"7"}', JSON),
    (
        "GET",
        f"{E}/getAll?{A}",
        None,
        '{"v0":"as written","v1":0,"v2":21.5,"v4":[11.5,48.1],"v5":1,"v6":1,"a3":"7"}',
        JSON,
    ),
    ("GET", f"{E}/update?{A}&v2=22", None, "", ""),
    ("GET", f"{E}/update/?{A}&v2=22", None, "", ""),
    ("GET", f"{E}/update?{A}&pin=V2&value=22", None, "", ""),
    ("GET", f"{E}/update?{A}&dataStreamId=2&value=22", None, "", ""),
    ("GET", f"{E}/update?{A}&V4=11&V4=48", None, "", ""),
    ("GET", f"{E}/update?{A}&v200=new", None, "", ""),
    ("GET", f"{E}/batch/update?{A}&v1=1&v2=22", None, "OK", TEXT),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW - 5, 20], [NOW - 4, 21.5]], "OK", TEXT),
    ("POST", f"{E}/batch/update?{A}&pin=v6", [[NOW - 5, True]], "OK", TEXT),
    ("POST", f"{E}/batch/update?{A}&pin=v4", [[NOW - 5, [11.5, 48.1]]], "OK", TEXT),
    ("GET", f"{E}/update/property?{A}&pin=v2&isDisabled=true", None, "", ""),
    ("GET", f"{E}/logEvent?{A}&code=hot", None, "", ""),
    ("GET", f"{E}/logevent?{A}&code=hot&description=30%20%C2%B0C", None, "", ""),
    ("GET", f"{E}/isHardwareConnected?{A}", None, "false", JSON),
    (
        "GET",
        f"{E}/device/meta?{A}&metaFieldId=Device%20Name",
        None,
        '{"type":"Text","value":"Greenhouse"}',
        JSON,
    ),
    (
        "GET",
        f"{E}/device/meta?{A}&metaFieldId=Time%20Zone",
        None,
        '{"type":"Text","value":"Europe/Berlin"}',
        JSON,
    ),
    (
        "GET",
        f"{E}/device/meta?{A}&metaFieldId=loc.latlon",
        None,
        '{"type":"Text","value":""}',
        JSON,
    ),
    ("GET", f"{E}/device/meta/update?{A}&metaFieldName=Bed&value=3", None, "", ""),
    ("GET", f"{E}/device/meta/update?{A}&metaFieldId=Bed&value=", None, "", ""),
    ("GET", f"{E}/provision?{A}&templateId=TMPL12345678&ver=1.2", None, "", ""),
]

VALUE = "Value doesn't match the Datastream data type."
PARAMETERS = "Request with incorrect parameters"
UNKNOWN = "Requested dataStream doesn't exist in the product climate"
TOO_MUCH = "Too much data in batch. Maximum batch size is 10000 points."
OLD = "Wrong timestamp. Expecting milliseconds of the last month."

REFUSALS: list[tuple[str, str, Any, int, str]] = [
    ("GET", f"{E}/get?v2", None, 400, "No token provided."),
    ("GET", f"{E}/get?token=&v2", None, 400, "No token provided."),
    ("GET", f"{E}/get?token=nobody&v2", None, 400, "Invalid token."),
    ("GET", f"{E}/getAll?token=nobody", None, 400, "Invalid token."),
    ("POST", f"{E}/upload?token=nobody", b"", 400, "Invalid token."),
    ("GET", f"{E}/get?{A}", None, 400, PARAMETERS),
    ("GET", f"{E}/get?{A}&x2", None, 400, "Wrong pin format."),
    ("GET", f"{E}/get?{A}&v1&v256", None, 400, "Wrong pin format."),
    ("GET", f"{E}/get?{A}&pin=", None, 400, "Wrong pin format."),
    ("GET", f"{E}/get?{A}&dataStreamId=x", None, 400, "Wrong dataStreamId format."),
    ("GET", f"{E}/get?{A}&dataStreamId=256", None, 400, "Wrong dataStreamId format."),
    ("GET", f"{E}/get?{A}&dataStreamId=-1", None, 400, "Wrong dataStreamId format."),
    ("GET", f"{E}/get?{A}&v99", None, 400, UNKNOWN),
    ("GET", f"{E}/get?{A}&v1&v99", None, 400, UNKNOWN),
    ("GET", f"{E}/update?{A}", None, 400, PARAMETERS),
    ("GET", f"{E}/update?{A}&pin=v1", None, 400, PARAMETERS),
    ("GET", f"{E}/update?{A}&w1=2", None, 400, "Wrong pin format."),
    ("GET", f"{E}/update?{A}&v1=123.45", None, 400, VALUE),
    ("GET", f"{E}/update?{A}&v4=11", None, 400, VALUE),
    ("GET", f"{E}/update?{A}&v0={'x' * 1025}", None, 400, VALUE),
    ("GET", f"{E}/batch/update?{A}", None, 400, PARAMETERS),
    ("GET", f"{E}/batch/update?{A}&v1=1&q=2", None, 400, "Wrong pin format."),
    ("GET", f"{E}/batch/update?{A}&v0=1&v1=warm", None, 400, VALUE),
    ("POST", f"{E}/batch/update?{A}", [[NOW, 1]], 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", "[[", 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [], 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW, 1, 2]], 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [["now", 1]], 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[1.5, 1]], 400, PARAMETERS),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW, {}]], 400, VALUE),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW - 2, 1], [NOW, "warm"]], 400, VALUE),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW - MONTH - 1, 1]], 400, OLD),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW + 300_001, 1]], 400, OLD),
    ("POST", f"{E}/batch/update?{A}&pin=v2", [[NOW, 1]] * 10_001, 400, TOO_MUCH),
    ("GET", f"{E}/update/property?{A}&pin=v2", None, 400, PARAMETERS),
    ("GET", f"{E}/update/property?{A}&color=red", None, 400, PARAMETERS),
    ("GET", f"{E}/update/property?{A}&pin=v2&colour=red", None, 400, PARAMETERS),
    ("GET", f"{E}/update/property?{A}&pin=2&color=red", None, 400, "Wrong pin format."),
    ("GET", f"{E}/update/property?{A}&pin=v2&label={'x' * 1025}", None, 400, VALUE),
    ("GET", f"{E}/logEvent?{A}", None, 400, "Event code is not provided."),
    (
        "GET",
        f"{E}/logEvent?{A}&code={'x' * 51}",
        None,
        400,
        "the event code has 51 characters; expected 1 to 50",
    ),
    ("GET", f"{E}/device/meta?{A}", None, 400, "Wrong metaField format."),
    ("GET", f"{E}/device/meta?{A}&metaFieldId=Bed", None, 400, "MetaField doesn't exist."),
    ("GET", f"{E}/device/meta?{A}&metaFieldId=Auth%20Token", None, 400, "MetaField doesn't exist."),
    ("GET", f"{E}/device/meta/update?{A}&value=3", None, 400, "Wrong metaField format"),
    ("GET", f"{E}/device/meta/update?{A}&metaFieldName=Bed", None, 400, "Wrong value"),
    (
        "GET",
        f"{E}/device/meta/update?{A}&metaFieldName=Bed&value={'x' * 257}",
        None,
        400,
        "Wrong value",
    ),
    (
        "GET",
        f"{E}/device/meta/update?{A}&metaFieldName=Auth%20Token&value=x",
        None,
        400,
        "MetaField doesn't exist",
    ),
    ("GET", f"{E}/provision?{A}", None, 400, PARAMETERS),
    ("POST", f"{E}/upload?{A}", b"no multipart", 400, PARAMETERS),
    (
        "GET",
        f"{E}/data/get?{A}&pin=v1",
        None,
        500,
        "No data",
    ),
    ("GET", f"{E}/nothing?{A}", None, 404, "Unknown path or method."),
    ("PUT", f"{E}/update?{A}&v1=1", None, 404, "Unknown path or method."),
]


def write(site: Site) -> None:
    for pin, value in WRITTEN.items():
        site.store.write("greenhouse", pin, value, CONFIG, Intent.REPORT, NOW - 60_000)


def watch(site: Site) -> Mailbox:
    mailbox = Mailbox(100_000, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    return mailbox


@pytest.mark.parametrize(("method", "path", "body", "expected", "content_type"), SUCCESSES)
async def test_endpoint_answers_as_the_original(
    site: Site, method: str, path: str, body: Json, expected: str, content_type: str
) -> None:
    write(site)
    answer = await site.request(method, path, body)
    assert (answer.status, answer.text) == (200, expected)
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers.get("Content-Type", "") == content_type


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    REFUSALS,
    ids=[f"{method}-{path[:60]}-{number}" for number, (method, path, *_) in enumerate(REFUSALS)],
)
async def test_endpoint_refuses_in_the_original_words_and_changes_nothing(
    site: Site, method: str, path: str, body: Json, status: int, expected: str
) -> None:
    write(site)
    mailbox = watch(site)
    answer = await site.request(method, path, body)
    assert (answer.status, answer.json) == (status, {"error": {"message": expected}})
    assert answer.headers["Content-Type"] == JSON
    assert mailbox.drain() == []


def test_tables_name_every_endpoint() -> None:
    named = {
        (method, path.removeprefix(f"{E}/").split("?")[0].strip("/"))
        for method, path, *_ in [*SUCCESSES, *REFUSALS]
    }
    assert set(endpoints()) <= named


def endpoints() -> set[tuple[str, str]]:
    """Method and path of every endpoint."""
    uploads = Uploads.__new__(Uploads)
    parts: Any = SimpleNamespace(registry=None, store=None, reader=None)
    return set(CloudDialect(parts, None, None, uploads, None).endpoints)  # type: ignore[arg-type]


async def test_batch_without_json_type_is_refused(site: Site) -> None:
    answer = await site.request(
        "POST", f"{E}/batch/update?{A}&pin=v2", b"[]", headers={"Content-Type": "text/plain"}
    )
    assert answer.json == {"error": {"message": "Unknown content type."}}


async def test_token_may_come_as_bearer(site: Site) -> None:
    write(site)
    assert (await site.request("GET", f"{E}/get?v2", bearer=TOKEN)).text == "21.500"
    assert (await site.request("GET", f"{E}/update?v2=9", bearer=TOKEN)).status == 200
    assert site.value("V2") == ("9",)


async def test_batch_writes_share_one_time_and_are_commands(site: Site) -> None:
    mailbox = watch(site)
    await site.request("GET", f"{E}/batch/update?{A}&v1=1&v2=99&v3=4")
    changes = [one for one in mailbox.drain() if isinstance(one, PinChange)]
    assert [(one.pin, one.value) for one in changes] == [
        ("V1", ("1",)),
        ("V2", ("30",)),
        ("V3", ("4",)),
    ]
    assert {one.at_ms for one in changes} == {NOW}
    assert [one.intent for one in changes] == [Intent.COMMAND, Intent.COMMAND, Intent.REPORT]


async def test_latest_point_is_a_report_and_the_others_are_of_the_past(site: Site) -> None:
    mailbox = watch(site)
    body = [[NOW - 1000 * number, number] for number in (2, 1, 3)]
    await site.request("POST", f"{E}/batch/update?{A}&pin=v0", body)
    changes = [one for one in mailbox.drain() if isinstance(one, PinChange | PastChange)]
    assert [(one.value, one.intent) for one in changes] == [
        (("1",), Intent.REPORT),
        (("3",), Intent.PAST),
        (("2",), Intent.PAST),
    ]


async def test_newer_value_stays_current_when_old_points_arrive(site: Site) -> None:
    write(site)
    body = [[NOW - 3_600_000, 10], [NOW - 1_800_000, 11]]
    await site.request("POST", f"{E}/batch/update?{A}&pin=v2", body)
    state = site.store.get("greenhouse", "V2")
    assert (state.value, state.at_ms) == (("21.500",), NOW - 60_000)


async def test_full_batch_is_taken_whole(site: Site) -> None:
    mailbox = watch(site)
    body = [[NOW - number, number % 20 + 5] for number in range(10_000)]
    assert (await site.request("POST", f"{E}/batch/update?{A}&pin=v2", body)).text == "OK"
    assert len(mailbox.drain()) == 10_000


async def test_metadata_is_read_back(site: Site) -> None:
    await site.request("GET", f"{E}/device/meta/update?{A}&metaFieldName=Bed&value=3%FF")
    answer = await site.request("GET", f"{E}/device/meta?{A}&metaFieldId=Bed")
    assert answer.json == {"type": "Text", "value": "3\N{REPLACEMENT CHARACTER}"}


async def test_provisioning_adds_to_what_the_device_told(site: Site) -> None:
    site.registry.told(site.device, [("ver", "1.4.0"), ("dev", "ESP32")], CONFIG)
    await site.request("GET", f"{E}/provision?{A}&templateId=TMPL1&ver=2.0&blVer=1.5.0")
    assert dict(site.device.info) == {
        "ver": "1.5.0",
        "dev": "ESP32",
        "tmpl": "TMPL1",
        "fw": "2.0",
    }


async def test_logged_event_is_on_the_timeline(site: Site) -> None:
    await site.request("GET", f"{E}/logEvent?{A}&code=hot&description=30%20%C2%B0C")
    (event,) = await site.journal.events("greenhouse", 10)
    assert (event.code, event.description, str(event.origin)) == (
        "hot",
        "30 °C",
        "http:greenhouse",
    )


async def test_closed_gate_is_answered_busy_and_writes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.writes.GATE_WITHIN_S", 0.05)
    site.gate.close()
    answer = await site.request("GET", f"{E}/update?{A}&v0=1")
    assert answer.status == 503
    assert "takes no writes now" in answer.json["error"]["message"]
    legacy = await site.request("GET", f"/{TOKEN}/update/V0?value=1")
    assert (legacy.status, legacy.headers["Content-Type"]) == (503, TEXT)
    assert site.store.find("greenhouse", "V0") is None
    site.gate.open()
    assert (await site.request("GET", f"{E}/update?{A}&v0=1")).status == 200


async def test_value_of_another_program_is_escaped_in_json(site: Site) -> None:
    site.store.write("greenhouse", "V7", ('"</script>\x01',), CONFIG, Intent.REPORT)
    answer = await site.request("GET", f"{E}/get?{A}&v7&v1")
    assert json.loads(answer.body)["v7"] == '"</script>\x01'


async def test_events_are_limited_as_over_tcp(site: Site) -> None:
    for code, status in (("hot", 200), ("hot", 429), ("cold", 200)):
        answer = await site.request("GET", f"{E}/logEvent?{A}&code={code}")
        assert answer.status == status, answer.text
    site.clock.advance(1)
    assert (await site.request("GET", f"{E}/logEvent?{A}&code=hot")).status == 200
    assert [event.code for event in await site.journal.events(None, 9)] == ["hot", "cold", "hot"]


@pytest.mark.parametrize(
    "path",
    [
        f"{E}/batch/update?{A}&v0=1",
        f"{E}/update?{A}&v0=1",
        f"{E}/update/property?{A}&pin=v2&label=Pump",
        f"{E}/logEvent?{A}&code=hot",
        f"/{TOKEN}/update/V0?value=1",
    ],
)
async def test_an_update_puts_a_device_with_a_limit_online(site: Site, path: str) -> None:
    definition = dataclasses.replace(site.device.definition, stale_after_ms=60_000)
    site.registry.redefine(definition, CONFIG)
    connected = f"{E}/isHardwareConnected?{A}"
    # To read is no sign of life: programs of people do so too.
    await site.request("GET", f"{E}/getAll?{A}")
    assert (await site.request("GET", connected)).text == "false"
    assert (await site.request("GET", path)).status == 200
    for text in ("true", "false"):
        assert (await site.request("GET", connected)).text == text
        assert (await site.request("GET", f"/{TOKEN}/isHardwareConnected")).text == text
        site.clock.advance(61)
        site.registry.check_silence(site.device)
