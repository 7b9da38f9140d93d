"""Backups over HTTP."""

import asyncio

import pytest

from blynk_gateway.errors import HistoryError
from tests.helpers.http import ADMIN, OPERATOR, Site
from tests.helpers.patience import PATIENCE_S

PATH = "/api/v1/backup"


async def raw(site: Site) -> bytes:
    lines = [f"GET {PATH} HTTP/1.1", "Host: x", f"Authorization: Bearer {ADMIN}"]
    head = "\r\n".join([*lines, "Connection: close"])
    return await site.raw(head.encode() + b"\r\n\r\n")


async def test_backup_is_streamed_with_a_name_that_says_nothing_secret(site: Site) -> None:
    head, _, body = (await raw(site)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Type: application/gzip" in head
    assert b'filename="blynk-gateway-20231114T221320Z.tar.gz"' in head
    assert b"Cache-Control: no-store" in head
    assert body == b"6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n"


async def test_only_an_admin_gets_one(site: Site) -> None:
    answer = await site.request("GET", PATH, bearer=OPERATOR)
    assert (answer.status, answer.json["error"]["code"]) == (403, "auth.forbidden")


async def test_what_is_wrong_before_it_begins_is_an_answer(site: Site) -> None:
    site.backups.fault = HistoryError("too little room")
    answer = await site.request("GET", PATH, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["message"]) == (503, "too little room")


@pytest.mark.parametrize("fault", [HistoryError("a file went away"), OSError("no such device")])
async def test_backup_that_breaks_off_does_not_look_complete(site: Site, fault: Exception) -> None:
    site.backups.broken = fault
    async with asyncio.timeout(PATIENCE_S):
        body = await raw(site)
    assert body.count(b"HTTP/1.1") == 1
    assert not body.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_it_is_only_read(site: Site, method: str) -> None:
    answer = await site.request(method, PATH, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (405, "route.method")
