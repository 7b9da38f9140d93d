"""`/{token}/data/{pin}`: the redirect of the original, and the file behind it."""

import gzip
import re

import pytest

from blynk_gateway.api.downloads import VALID_S
from blynk_gateway.core.address import PinAddress
from tests.helpers.http import TOKEN, Site

NOW = 1_700_000_000_000
V3 = PinAddress("greenhouse", "V3")


async def link(site: Site, pin: str = "v3") -> str:
    answer = await site.request("GET", f"/{TOKEN}/data/{pin}")
    assert (answer.status, answer.body) == (301, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.headers["Location"]


async def test_redirects_to_a_packed_csv_file(site: Site) -> None:
    site.history.add(V3, NOW - 90 * 86_400_000, "20.50")
    site.history.add(V3, NOW, "a,b")
    path = await link(site)
    assert re.fullmatch(r"/[A-Za-z0-9_-]{22}\.csv\.gz", path)
    assert TOKEN not in path
    answer = await site.request("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-gzip"
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Disposition"] == 'attachment; filename="greenhouse_V3.csv.gz"'
    assert gzip.decompress(answer.body).decode().splitlines() == [
        f"20.5,{NOW - 90 * 86_400_000},0",
        f'"a,b",{NOW},0',
    ]


async def test_pin_that_keeps_minutes_only_has_those(site: Site) -> None:
    begin = NOW - NOW % 60_000
    site.history.minutes_only.add(V3)
    site.history.add(V3, begin, "1")
    site.history.add(V3, begin + 1, "2")
    answer = await site.request("GET", await link(site))
    assert gzip.decompress(answer.body).decode() == f"1.5,{begin},0\n"


async def test_link_works_once_and_not_for_ever(site: Site) -> None:
    site.history.add(V3, NOW, "1")
    path = await link(site)
    assert (await site.request("HEAD", path)).status == 404
    assert (await site.request("GET", path)).status == 200
    assert (await site.request("GET", path)).status == 404
    late = await link(site)
    site.clock.advance(VALID_S + 1)
    answer = await site.request("GET", late)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("is_broken", "text"), [(False, "No data."), (True, "Error getting pin data.")]
)
async def test_nothing_to_send_is_said_before_any_link(
    site: Site, is_broken: bool, text: str
) -> None:
    site.history.is_broken = is_broken
    answer = await site.request("GET", f"/{TOKEN}/data/V3")
    assert (answer.status, answer.text) == (400, text)
