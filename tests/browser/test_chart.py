"""The chart: a month of points, zoom by drag, wheel and keys, live values, CSV, the way back."""

import math
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from tests.helpers.bench import TOKEN
from tests.helpers.browser import People
from tests.helpers.processes import GatewayProcess

DAY_MS = 86_400_000
EVERY_MS = 300_000

CHART = {"type": "chart", "title": "Climate", "desktop": [0, 0, 12, 6]}
CONFIG = {
    "devices": {
        "bench": {
            "name": "Bench",
            "token": TOKEN,
            "datastreams": {
                "V1": {"name": "Heat", "type": "double", "decimals": 1, "unit": "°C"},
                "V2": {"name": "Fan", "type": "int", "min": 0, "max": 1},
            },
        }
    },
    "dashboards": {
        "home": {"widgets": [{**CHART, "pins": ["bench/V1", "bench/V2"], "range": "1M"}]},
        "new": {"widgets": [{**CHART, "pins": ["bench/V1", "bench/V9", "gone/V1"]}]},
        "lamp": {"widgets": [{**CHART, "pins": ["bench/V2"], "range": "1h"}]},
        "sums": {"widgets": [{**CHART, "pins": ["bench/V1"], "aggregate": "sum", "range": "1M"}]},
    },
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, CONFIG) as process:
        now_ms = time.time_ns() // 1_000_000
        times = range(now_ms - 30 * DAY_MS, now_ms - EVERY_MS, EVERY_MS)
        heat = [(at_ms, f"{20 + 5 * math.sin(at_ms / DAY_MS * 6.283):.1f}") for at_ms in times]
        fan = [(at_ms, str(at_ms // DAY_MS % 2)) for at_ms in times[::36]]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{process.port}") as session:
            for pin, points in (("V1", heat), ("V2", fan)):
                body = [{"value": value, "timestamp": at_ms} for at_ms, value in points]
                async with session.put(f"/{TOKEN}/extra/pin/{pin}", json=body) as answer:
                    assert answer.status == 200, await answer.text()
        yield process


@pytest.fixture
async def page(people: People) -> Page:
    page = await people.user("viewer")
    await page.goto("/#/dashboards/home")
    await expect(_summary(page)).to_contain_text(re.compile("Heat.*25", re.DOTALL))
    return page


def _summary(page: Page) -> Locator:
    return page.locator("bg-chart table")


async def _shown_days(page: Page) -> float:
    """How much the chart shows."""
    href = await page.evaluate(
        """() => { const find = (root) => { for (const one of root.querySelectorAll('*')) {
             if (one.localName === 'bg-chart') return one;
             const found = one.shadowRoot && find(one.shadowRoot); if (found) return found; }
             return null; };
           const link = find(document).renderRoot.querySelector('a[download]');
           link.addEventListener('click', (event) => event.preventDefault(), { once: true });
           link.click(); return link.href; }"""
    )
    query = parse_qs(urlsplit(str(href)).query)
    return (int(query["to"][0]) - int(query["from"][0])) / DAY_MS


async def test_drag_zooms_in_and_loads_finer_points(page: Page) -> None:
    assert await _shown_days(page) == pytest.approx(30, abs=0.01)
    area = await page.locator("bg-chart .u-over").bounding_box()
    assert area is not None
    y = area["y"] + area["height"] / 2
    async with page.expect_request(re.compile("/history/bench/V1")) as asked:
        await page.mouse.move(area["x"] + area["width"] * 0.4, y)
        await page.mouse.down()
        await page.mouse.move(area["x"] + area["width"] * 0.5, y, steps=5)
        await page.mouse.up()
    query = parse_qs(urlsplit((await asked.value).url).query)
    assert int(query["to"][0]) - int(query["from"][0]) == pytest.approx(3 * DAY_MS, rel=0.05)
    assert await _shown_days(page) == pytest.approx(3, rel=0.05)
    await page.locator("bg-chart .u-over").dblclick()
    await expect(page.get_by_role("button", name="Back to now")).to_be_disabled()
    assert await _shown_days(page) == pytest.approx(30, abs=0.01)


async def test_wheel_and_keys_zoom_and_pan(page: Page) -> None:
    place = page.locator("bg-chart .place")
    await place.focus()
    await page.keyboard.press("+")
    zoomed = await _shown_days(page)
    assert zoomed == pytest.approx(30 / 1.25, rel=0.01)
    await page.keyboard.press("ArrowLeft")
    assert await _shown_days(page) == pytest.approx(zoomed, rel=0.01)
    await place.hover()
    await page.mouse.wheel(0, -100)
    await expect(page.get_by_role("button", name="Back to now")).to_be_enabled()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Back to now")).to_be_disabled()


async def test_ranges_and_lines_are_buttons(page: Page) -> None:
    await page.get_by_role("button", name="Last day").click()
    assert await _shown_days(page) == pytest.approx(1, abs=0.01)
    await page.get_by_role("button", name="All there is").click()
    fan = page.locator("bg-chart .legend button", has_text="Fan")
    await fan.click()
    await expect(fan).to_have_attribute("aria-pressed", "false")


async def test_all_there_is_shows_no_less_while_it_looks_for_it(page: Page) -> None:
    before = await _shown_days(page)
    await page.route("**/history/**", lambda route: route.abort())
    await page.get_by_role("button", name="All there is").click()
    assert await _shown_days(page) == pytest.approx(before, rel=0.01)


async def test_live_value_is_appended(page: Page, gateway: GatewayProcess) -> None:
    await page.get_by_role("button", name="Last 5 minutes").click()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session:
        for value in ("41.5", "42.5"):
            async with session.get(f"/{TOKEN}/update/V1?value={value}") as answer:
                assert answer.status == 200
            await expect(_summary(page)).to_contain_text(f"{value}\u202f°C")


async def test_csv_holds_what_is_shown(page: Page) -> None:
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Save as CSV").click()
    text = (await (await started.value).path()).read_text()
    head, *lines = text.splitlines()
    assert head.startswith("address,at_ms,value")
    assert 100 < len(lines) <= 2000
    assert any(line.startswith("bench/V1,") for line in lines)


async def test_pin_that_is_not_there_takes_no_line_from_the_others(
    page: Page, gateway: GatewayProcess
) -> None:
    await page.goto("/#/dashboards/new")
    await expect(page.locator("bg-chart .legend")).to_contain_text("bench/V9")
    await expect(_summary(page)).to_contain_text(re.compile("Heat.*°C", re.DOTALL))
    await expect(page.locator("bg-chart .message")).to_have_count(0)
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
        session.get(f"/{TOKEN}/update/V9?value=77") as answer,
    ):
        assert answer.status == 200
    await expect(_summary(page)).to_contain_text("77")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Save as CSV").click()
    assert "bench/V9," in (await (await started.value).path()).read_text()


async def test_csv_is_made_of_the_same_values_as_the_line(page: Page) -> None:
    await page.goto("/#/dashboards/sums")
    await expect(_summary(page)).to_contain_text(re.compile(r"Heat.*\d{3}", re.DOTALL))
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Save as CSV").click()
    _head, *lines = (await (await started.value).path()).read_text().splitlines()
    # Means of 20 to 25 degrees; sums of several points are far above.
    assert max(float(line.split(",")[2]) for line in lines) > 100


async def test_state_from_before_the_range_still_holds_in_it(
    page: Page, gateway: GatewayProcess
) -> None:
    at_ms = time.time_ns() // 1_000_000 - DAY_MS // 24 * 2
    async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session:
        body = [{"value": "1", "timestamp": at_ms}]
        async with session.put(f"/{TOKEN}/extra/pin/V2", json=body) as answer:
            assert answer.status == 200
    await page.goto("/#/dashboards/lamp")
    await expect(_summary(page)).to_contain_text(re.compile(r"Fan\s*1\s*1\s*1"))
    await expect(page.locator("bg-chart .message")).to_have_count(0)
