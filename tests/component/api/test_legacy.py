"""The legacy dialect as a table: request → status and body."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.api.legacy import LegacyDialect
from blynk_gateway.core.change import EventKind, Intent, PastChange, PinChange
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.http import CONFIG, TOKEN, Site

JSON = "application/json;charset=utf-8"
TEXT = "text/plain;charset=utf-8"
NOW = 1_700_000_000_000

T = f"/{TOKEN}"

WRITTEN = {"V0": ("42",), "V7": ('say "hi"', "ü"), "D8": ("1",), "V9": ("1", "2")}

SUCCESSES: list[tuple[str, str, Any, str]] = [
    ("GET", f"{T}/get/V0", None, '["42"]'),
    ("GET", f"{T}/get/v0", None, '["42"]'),
    ("GET", f"{T}/get/V0/", None, '["42"]'),
    ("GET", f"{T}/get/d8", None, '["1"]'),
    ("GET", f"{T}/get/V9", None, '["1","2"]'),
    ("GET", f"{T}/get/V1", None, '["0"]'),
    ("GET", f"{T}/get/V2", None, "[]"),
    ("GET", f"{T}/get/V7", None, '["say \\"hi\\"","ü"]'),
    ("PUT", f"{T}/update/V2", ["21.5"], ""),
    ("PUT", f"{T}/pin/V2", ["21.5"], ""),
    ("PUT", f"{T}/pin/V2/", [21.5], ""),
    ("GET", f"{T}/update/V2?value=21.5", None, ""),
    ("GET", f"{T}/update/V0?value=a&value=b", None, ""),
    ("GET", f"{T}/update/V0?color=%2323C48E", None, ""),
    ("PUT", f"{T}/extra/pin/V2", [{"value": "20", "timestamp": NOW}], ""),
    ("GET", f"{T}/isHardwareConnected", None, "false"),
    ("GET", f"{T}/isAppConnected", None, "false"),
    ("GET", f"{T}/rtc", None, "[1700003600]"),
    ("POST", f"{T}/notify", {"body": "It is hot"}, ""),
    ("POST", f"{T}/email", {"to": "a@example.org", "subj": "Hot", "title": "30 °C"}, ""),
]

CONTENT_TYPE = "Unexpected content type. Expecting application/json."
EMAIL = "Email body is wrong. Missing or empty fields 'to', 'subj'."
NOTIFY = "Body is empty or larger than 255 chars."

REFUSALS: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/nobody/get/V0", None, 400, "Invalid token."),
    ("PUT", "/nobody/update/V0", ["1"], 400, "Invalid token."),
    ("GET", "/nobody/project", None, 400, "Invalid token."),
    ("GET", "/get/V0", None, 400, "Invalid token."),
    ("GET", "/project", None, 400, "Invalid token."),
    ("GET", f"{T}/get/V256", None, 400, "Wrong pin format."),
    ("GET", f"{T}/get/x1", None, 400, "Wrong pin format."),
    ("GET", f"{T}/update/V?value=1", None, 400, "Wrong pin format."),
    ("GET", f"{T}/data/q", None, 400, "Wrong pin format."),
    ("GET", f"{T}/get/V99", None, 400, "Requested pin doesn't exist in the app."),
    ("PUT", f"{T}/update/V0", [], 400, "No pin for update provided."),
    ("PUT", f"{T}/extra/pin/V0", [], 400, "No pin for update provided."),
    ("GET", f"{T}/update/V0", None, 400, "Wrong request format."),
    ("GET", f"{T}/update/V0?colour=red", None, 400, "Error setting widget property."),
    ("GET", f"{T}/update/V0?color=red&x=1", None, 400, "Error setting widget property."),
    ("GET", f"{T}/update/V0?color=", None, 400, "No properties for update provided."),
    ("GET", f"{T}/update/V1?value=warm", None, 400, "Wrong request format."),
    ("PUT", f"{T}/update/V0", ["x" * 1025], 400, "Wrong request format."),
    ("PUT", f"{T}/extra/pin/V0", [{"value": "1"}], 400, "Wrong request format."),
    ("PUT", f"{T}/extra/pin/V0", [[1, 2]], 400, "Wrong request format."),
    ("PUT", f"{T}/extra/pin/V0", [{"value": "1", "timestamp": 1}], 400, "Wrong request format."),
    (
        "PUT",
        f"{T}/extra/pin/V0",
        [{"value": "1", "timestamp": NOW + 3_600_000}],
        400,
        "Wrong request format.",
    ),
    ("PUT", f"{T}/extra/pin/V0", {}, 500, "Error parsing body param. {}"),
    ("PUT", f"{T}/update/V0", "100", 500, "Error parsing body param. 100"),
    ("PUT", f"{T}/update/V0", '"x', 500, 'Error parsing body param. "x'),
    ("PUT", f"{T}/update/V0", "", 500, "Error parsing body param. "),
    ("PUT", f"{T}/update/V0", [None], 500, "Error parsing body param. [null]"),
    (
        "PUT",
        f"{T}/extra/pin/V0",
        [{"value": ["1"], "timestamp": NOW}],
        400,
        "Wrong request format.",
    ),
    ("POST", f"{T}/notify", {}, 400, NOTIFY),
    ("POST", f"{T}/notify", [], 400, NOTIFY),
    ("POST", f"{T}/notify", {"body": ""}, 400, NOTIFY),
    ("POST", f"{T}/notify", {"body": "x" * 256}, 400, NOTIFY),
    ("POST", f"{T}/email", {"to": "a@example.org"}, 400, EMAIL),
    ("POST", f"{T}/email", {"subj": "Hot", "to": ""}, 400, EMAIL),
    ("POST", f"{T}/email", {"subj": "Hot", "to": "a@b, c@d"}, 400, EMAIL),
    ("GET", f"{T}/data/V0", None, 400, "No data."),
    ("GET", f"{T}/nothing", None, 404, ""),
    ("GET", T, None, 404, ""),
    ("GET", f"{T}/get", None, 404, ""),
    ("GET", f"{T}/get/V0/more", None, 404, ""),
    ("POST", f"{T}/get/V0", None, 404, ""),
    ("GET", "/favicon.ico", None, 404, ""),
]


def write(site: Site, **values: tuple[str, ...]) -> None:
    for pin, value in (values or WRITTEN).items():
        site.store.write("greenhouse", pin, value, CONFIG, Intent.REPORT)


def watch(site: Site) -> Mailbox:
    mailbox = Mailbox(10_000, Overflow.CLOSE)
    site.bus.subscribe(mailbox, origin=None, echo=True)
    return mailbox


@pytest.mark.parametrize(("method", "path", "body", "expected"), SUCCESSES)
async def test_endpoint_answers_as_the_original(
    site: Site, method: str, path: str, body: Json, expected: str
) -> None:
    write(site)
    answer = await site.request(method, path, body)
    assert (answer.status, answer.text) == (200, expected)
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Connection"] == "keep-alive"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers.get("Content-Type") == (JSON if expected else None)
    assert "Server" not in answer.headers


@pytest.mark.parametrize(("method", "path", "body", "status", "expected"), REFUSALS)
async def test_endpoint_refuses_in_the_original_words_and_changes_nothing(
    site: Site, method: str, path: str, body: Json, status: int, expected: str
) -> None:
    write(site)
    mailbox = watch(site)
    answer = await site.request(method, path, body)
    assert (answer.status, answer.text) == (status, expected)
    assert answer.headers.get("Content-Type") == (TEXT if expected else None)
    assert mailbox.drain() == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream"])
@pytest.mark.parametrize(
    ("method", "name"),
    [("PUT", "update/V0"), ("PUT", "extra/pin/V0"), ("POST", "notify"), ("POST", "email")],
)
async def test_body_of_another_type_is_refused(
    site: Site, method: str, name: str, content_type: str
) -> None:
    answer = await site.request(
        method, f"{T}/{name}", b"[1]", headers={"Content-Type": content_type}
    )
    assert (answer.status, answer.text) == (500, CONTENT_TYPE)


@pytest.mark.parametrize("body", [b"[1.50, true, null]", b'{"a": 1, "a": 2}', b'"x"', b"[1"])
async def test_faulty_body_is_repeated_as_it_was_sent(site: Site, body: bytes) -> None:
    answer = await site.request("PUT", f"{T}/update/V0", body)
    assert (answer.status, answer.text) == (500, f"Error parsing body param. {body.decode()}")


@pytest.mark.parametrize(
    ("method", "name"), [("PUT", "update/V0"), ("PUT", "pin/V0"), ("POST", "notify")]
)
async def test_body_of_one_value_is_not_parsed_if_it_is_too_long_for_one(
    site: Site, method: str, name: str
) -> None:
    answer = await site.request(method, f"{T}/{name}", b"[" + b"0," * 32_768 + b"0]")
    assert answer.status == 413
    assert answer.text == "the body is too long; expected at most 65536 bytes"


async def test_longest_value_fits_however_it_is_escaped(site: Site) -> None:
    body = "[" + ",".join(['"' + r"\u0001" * 1023 + '"'] * 4) + "]"
    assert (await site.request("PUT", f"{T}/update/V9", body)).status == 200
    assert site.value("V9") == ("\x01" * 1023,) * 4


def test_tables_name_every_endpoint() -> None:
    requests = [one[:2] for one in SUCCESSES] + [one[:2] for one in REFUSALS]
    asked = [(method, path.removeprefix(f"{T}/").split("?")[0]) for method, path in requests]
    # These two have tests of their own below.
    asked += [("GET", "qr"), ("GET", "project")]
    for method, name in endpoints():
        assert any(one == method and f"{path}/".startswith(f"{name}/") for one, path in asked), name


def endpoints() -> set[tuple[str, str]]:
    """Method and path of every endpoint."""
    parts: Any = SimpleNamespace(registry=None, store=None, reader=None)
    return set(LegacyDialect(parts, None, None, lambda: 0, None).endpoints)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/get/V0", "/get/V0/", "/isHardwareConnected", "/project", "/rtc", f"{T}/get/V0"]
)
async def test_token_may_come_as_bearer(site: Site, path: str) -> None:
    write(site)
    assert (await site.request("GET", path, bearer=TOKEN)).status == 200


async def test_write_with_bearer_reaches_the_pin(site: Site) -> None:
    assert (await site.request("PUT", "/update/V0", ["7"], bearer=TOKEN)).status == 200
    assert (
        await site.request("PUT", "/extra/pin/V0", [{"value": "8", "timestamp": NOW}], bearer=TOKEN)
    ).status == 200
    assert site.value("V0") == ("8",)


async def test_wrong_bearer_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/get/V0", bearer="nobody")
    assert (answer.status, answer.text) == (400, "Invalid token.")


async def test_write_is_a_command_of_the_device_over_http(site: Site) -> None:
    mailbox = watch(site)
    await site.request("GET", f"{T}/update/v2?value=99")
    (change,) = mailbox.drain()
    assert isinstance(change, PinChange)
    assert (change.pin, change.value, change.intent) == ("V2", ("30",), Intent.COMMAND)
    assert str(change.origin) == "http:greenhouse"
    assert site.device.last_seen_ms == NOW


async def test_holder_of_the_token_may_report_what_others_may_not_command(site: Site) -> None:
    mailbox = watch(site)
    assert (await site.request("GET", f"{T}/update/V3?value=19.5")).status == 200
    (change,) = mailbox.drain()
    assert isinstance(change, PinChange)
    assert change.intent is Intent.REPORT


async def test_undeclared_pin_works_from_its_first_write(site: Site) -> None:
    await site.request("PUT", f"{T}/update/a17", ["5"])
    assert (await site.request("GET", f"{T}/get/A17")).text == '["5"]'


async def test_zero_byte_in_a_value_separates_parameters(site: Site) -> None:
    await site.request("PUT", f"{T}/update/V0", ["a\0b"])
    assert site.value("V0") == ("a", "b")


async def test_bytes_that_are_no_utf8_pass_unchanged(site: Site) -> None:
    await site.request("GET", f"{T}/update/V0?value=%FF%20+x")
    assert site.value("V0") == ("\udcff  x",)
    assert (await site.request("GET", f"{T}/get/V0")).json == ["\N{REPLACEMENT CHARACTER}  x"]


async def test_numbers_stay_as_written(site: Site) -> None:
    await site.request("PUT", f"{T}/update/V0", "[21.50, 1e3, true]")
    assert site.value("V0") == ("21.50", "1e3", "true")


async def test_first_extra_element_becomes_current_and_each_keeps_its_time(site: Site) -> None:
    mailbox = watch(site)
    body = [{"value": "30", "timestamp": NOW}] + [
        {"value": str(number), "timestamp": NOW - 60_000 * number} for number in (3, 2, 1)
    ]
    assert (await site.request("PUT", f"{T}/extra/pin/V0", body)).status == 200
    changes = [one for one in mailbox.drain() if isinstance(one, PinChange | PastChange)]
    assert [(one.value[0], NOW - one.at_ms, one.intent) for one in changes] == [
        ("1", 60_000, Intent.REPORT),
        ("3", 180_000, Intent.PAST),
        ("2", 120_000, Intent.PAST),
        ("30", 0, Intent.COMMAND),
    ]
    assert site.value("V0") == ("30",)


async def test_property_of_several_values_is_kept(site: Site) -> None:
    await site.request("GET", f"{T}/update/V0?labels=a&labels=b")
    assert site.device.properties["V0", "labels"] == ("a", "b")


async def test_project_tells_pins_and_no_secret(site: Site) -> None:
    write(site)
    site.registry.set_property(site.device, "V1", "color", ("#23C48E",), CONFIG)
    answer = await site.request("GET", f"{T}/project")
    assert TOKEN not in answer.text
    widgets = {widget["label"]: widget for widget in answer.json["widgets"]}
    assert widgets["Fan"]["type"] == "BUTTON"
    assert widgets["Fan"]["color"] == "#23C48E"
    assert (widgets["Set point"]["min"], widgets["Set point"]["max"]) == (5, 30)
    assert widgets["D8"]["pinType"] == "DIGITAL"
    assert answer.json["devices"][0]["status"] == "OFFLINE"


async def test_qr_is_a_png(site: Site) -> None:
    answer = await site.request("GET", f"{T}/qr")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.body.startswith(b"\x89PNG")


async def test_notifications_become_events(site: Site) -> None:
    await site.request("POST", f"{T}/notify", {"body": "hot \ud800"})
    body = {"to": "a@example.org", "subj": "Hot", "title": "x" * 400}
    await site.request("POST", f"{T}/email", body)
    email, notify = await site.journal.events("greenhouse", 10)
    assert (notify.kind, notify.code) == (EventKind.NOTIFICATION, "notify")
    assert json.dumps(notify.description, ensure_ascii=False).encode()
    assert email.description.startswith("a@example.org: Hot: xxx")


async def test_online_device_is_told_connected(site: Site) -> None:
    site.registry.connected(site.device, CONFIG)
    assert (await site.request("GET", f"{T}/isHardwareConnected")).text == "true"


async def test_unknown_token_is_logged_masked_and_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await site.request("GET", "/0123456789abcdef/get/V0")
    lines = [one for one in caplog.records if one.getMessage().startswith("http request with")]
    assert [vars(one)["token"] for one in lines] == ["0123…"]
    assert site.health.counters["http_invalid_tokens"] == 3
    assert "0123456789abcdef" not in caplog.text


async def test_time_that_is_not_known_is_not_told(site: Site) -> None:
    site.parts.clock_quality.is_trusted = False
    answer = await site.request("GET", f"{T}/rtc")
    assert (answer.status, answer.text) == (400, "Requested rtc not exists in app.")
