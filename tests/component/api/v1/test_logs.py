import logging
from collections.abc import Iterator

import pytest

from blynk_gateway.runtime.log_level import current_level, set_level
from blynk_gateway.runtime.log_ring import LogRing
from tests.helpers.http import ADMIN, Site


@pytest.fixture
def log(site: Site) -> logging.Logger:
    # What the site itself logs, and that of asyncio's debug mode, must not be among it.
    found = logging.Logger("blynk_gateway.test")  # noqa: LOG001  one for each test
    site.services.logs = LogRing()
    found.addHandler(site.services.logs)
    return found


async def test_an_admin_reads_the_latest_records(site: Site, log: logging.Logger) -> None:
    log.debug("frame", extra={"id": 7})
    log.warning("login refused", extra={"peer": "10.0.0.1", "token": "4ae3…"})
    answer = await site.request("GET", "/api/v1/logs", bearer=ADMIN)
    assert answer.json["last"] == 2
    first, second = answer.json["records"]
    assert first["n"] == 1
    assert second.pop("at_ms") > 0
    assert second == {
        "n": 2,
        "level": "warning",
        "logger": "blynk_gateway.test",
        "message": "login refused",
        "fields": {"peer": "10.0.0.1", "token": "4ae3…"},
    }


async def test_one_goes_on_where_one_was_whatever_was_left_out(
    site: Site, log: logging.Logger
) -> None:
    for number in range(4):
        log.info("%d", number)
        log.error("%d", number)
    path = "/api/v1/logs?after=2&level=error&limit=2"
    answer = await site.request("GET", path, bearer=ADMIN)
    assert [one["n"] for one in answer.json["records"]] == [6, 8]
    assert answer.json["last"] == 8
    answer = await site.request("GET", "/api/v1/logs?after=8", bearer=ADMIN)
    assert answer.json == {"last": 8, "records": []}


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("level=loud", "level: expected debug, info, warning, error, critical, found 'loud'"),
        ("limit=0", "limit: expected a whole number from 1 to 1000, found '0'"),
        ("limit=1001", "limit: expected a whole number from 1 to 1000, found '1001'"),
        ("after=-1", "after: expected a whole number from 0 to 9007199254740991, found '-1'"),
        ("after=1e3", "after: expected a whole number from 0 to 9007199254740991, found '1e3'"),
        (f"after={'9' * 5000}", "after: expected a whole number"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    site: Site, query: str, complaint: str
) -> None:
    answer = await site.request("GET", f"/api/v1/logs?{query}", bearer=ADMIN)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(complaint)


async def test_a_text_that_is_no_unicode_still_makes_an_answer(
    site: Site, log: logging.Logger
) -> None:
    log.info("odd", extra={"text": "\udcff<script>", "number": float("nan")})
    answer = await site.request("GET", "/api/v1/logs", bearer=ADMIN)
    assert answer.json["records"][0]["fields"] == {"text": "?<script>", "number": "nan"}


@pytest.fixture
def _info() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


@pytest.mark.usefixtures("_info")
async def test_an_admin_has_everything_logged_for_a_while(site: Site) -> None:
    set_level("info")
    path = "/api/v1/logs/level"
    answer = await site.request("GET", path, bearer=ADMIN)
    assert answer.json == {"level": "info", "configured": "info"}
    answer = await site.request("PUT", path, {"level": "debug"}, bearer=ADMIN)
    assert answer.json == {"level": "debug", "configured": "info"}
    assert current_level() == "debug"
    answer = await site.request("GET", path, bearer=ADMIN)
    assert answer.json["level"] == "debug"


@pytest.mark.usefixtures("_info")
@pytest.mark.parametrize("level", ["critical", "loud", "", "DEBUG"])
async def test_a_level_that_is_none_changes_nothing(site: Site, level: str) -> None:
    set_level("info")
    answer = await site.request("PUT", "/api/v1/logs/level", {"level": level}, bearer=ADMIN)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(
        "body.level: expected debug, info, warning, error, found"
    )
    assert current_level() == "info"
