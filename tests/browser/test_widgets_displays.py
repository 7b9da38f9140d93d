"""Widgets that show something follow a stock client; terminal, table and header also answer."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from tests.helpers.bench import TOKEN
from tests.helpers.browser import DESKTOP, PHONE, People
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

DRIVER = DRIVERS["blynklib 0.2.6"]

DATASTREAMS = {
    "V1": {"name": "Heat", "type": "double", "min": 0, "max": 50, "decimals": 1, "unit": "°C"},
    "V8": {"name": "Car", "type": "location"},
}

WIDGETS: list[dict[str, object]] = [
    {"type": "value", "pin": "bench/V1"},
    {"type": "labeled_value", "pin": "bench/V1", "format": "T: /pin.#/ C"},
    {"type": "led", "pin": "bench/V2", "title": "Lamp"},
    {"type": "gauge", "pin": "bench/V1"},
    {"type": "level", "pin": "bench/V1"},
    {"type": "lcd", "pin": "bench/V4"},
    {"type": "terminal", "pin": "bench/V5", "lines": 50},
    {"type": "table", "pin": "bench/V6"},
    {"type": "map", "pin": "bench/V7"},
    {"type": "image", "pin": "bench/V9", "urls": ["/ui/none.png", "/favicon.ico"]},
    {"type": "video", "pin": "bench/V10", "title": "Door"},
    {"type": "device", "device": "bench"},
    {"type": "events"},
    {"type": "header"},
]

LINES: list[dict[str, object]] = [
    {"type": "lcd", "pins": ["bench/V1", "bench/V2"], "formats": ["T: /pin0.#/", "/value2/ lx"]},
    {"type": "map", "pin": "bench/V8"},
]

CONFIG = {
    "devices": {
        "bench": {
            "name": "Bench",
            "token": TOKEN,
            "datastreams": DATASTREAMS,
            "events": {"too_hot": {"name": "Too hot", "type": "critical"}},
        }
    },
    "gpio": {
        "factory": "mock",
        "direct": [5],
        "peripherals": {"door": {"type": "button", "line": 27, "pull": "up", "pin": "V3"}},
    },
    "dashboards": {"home": {"widgets": WIDGETS}, "lines": {"widgets": LINES}},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, CONFIG) as process:
        yield process


@pytest.fixture
async def client(gateway: GatewayProcess) -> AsyncIterator[StockClient]:
    async with StockClient(DRIVER, gateway.port, TOKEN) as client:
        await client.expect("connected")
        yield client


async def _opened(page: Page, slug: str = "home") -> Page:
    await page.goto(f"/#/dashboards/{slug}")
    return page


def _widget(page: Page, kind: str) -> Locator:
    return page.locator(f"bg-{kind}")


async def _set_property(gateway: GatewayProcess, pin: str, **properties: str) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session:
        for name, value in properties.items():
            query = {"token": TOKEN, "pin": pin, name: value}
            async with session.get("/external/api/update/property", params=query) as answer:
                assert answer.status == 200, await answer.text()


async def _write(gateway: GatewayProcess, pin: str, value: str) -> None:
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
        session.get("/external/api/update", params={"token": TOKEN, pin: value}) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def test_numbers_are_shown_as_their_datastream_and_format_want(
    people: People, client: StockClient
) -> None:
    page = await _opened(await people.user("viewer"))
    await client.tell("write", "1", "21.55")
    await expect(_widget(page, "value").get_by_text(re.compile(r"21\.6\s°C"))).to_be_visible()
    await expect(_widget(page, "labeled-value").get_by_text("T: 21.6 C")).to_be_visible()
    for kind in ("gauge", "level"):
        meter = _widget(page, kind).get_by_role("meter", name="Heat")
        await expect(meter).to_have_attribute("aria-valuenow", "21.55")
        await expect(meter).to_have_attribute("aria-valuemax", "50")
    await client.tell("write", "1", "22")
    await expect(_widget(page, "labeled-value").get_by_text("T: 22 C")).to_be_visible()


async def test_led_is_as_bright_as_its_value(people: People, client: StockClient) -> None:
    page = await _opened(await people.user("viewer"))
    lamp = _widget(page, "led").get_by_role("img")
    await expect(lamp).to_have_accessible_name("off")
    await client.tell("write", "2", "51")
    await expect(lamp).to_have_accessible_name("on, 20 %")
    await client.tell("write", "2", "255")
    await expect(lamp).to_have_accessible_name("on, 100 %")


async def test_properties_without_any_value_are_there_when_the_page_is_opened(
    people: People, gateway: GatewayProcess
) -> None:
    await _set_property(gateway, "V10", url="/ui/none.mp4", label="Gate")
    page = await _opened(await people.user("viewer"))
    video = _widget(page, "video")
    await expect(video.get_by_role("group", name="Door")).to_have_count(0)
    await expect(video.get_by_role("group", name="Gate")).to_be_visible()
    await expect(video.get_by_role("link")).to_have_attribute("href", re.compile("none.mp4"))


async def test_value_between_the_limits_of_a_double_is_drawn(
    people: People, gateway: GatewayProcess
) -> None:
    for name, limit in (("min", "-1e308"), ("max", "1e308")):
        await _set_property(gateway, "V2", **{name: limit})
    await _write(gateway, "V2", "0")
    # The browser complains of NaN, and with it `people`.
    page = await _opened(await people.user("viewer"))
    await expect(_widget(page, "led").get_by_role("img")).to_have_accessible_name("on, 50 %")


async def test_properties_change_a_widget_at_once(
    people: People, gateway: GatewayProcess, client: StockClient
) -> None:
    page = await _opened(await people.user("viewer"))
    await client.tell("write", "2", "50")
    lamp = _widget(page, "led")
    await expect(lamp.get_by_role("img")).to_have_accessible_name("on, 20 %")
    await _set_property(gateway, "v2", label="<b>Alarm</b>", color="#ff0000", max="100")
    await expect(lamp.get_by_text("<b>Alarm</b>")).to_be_visible()
    await expect(lamp.get_by_role("img")).to_have_accessible_name("on, 50 %")
    await expect(lamp.locator("circle.light")).to_have_css("fill", "rgb(255, 0, 0)")
    await _set_property(gateway, "v2", isHidden="true")
    await expect(lamp).to_be_hidden()


async def test_lcd_is_drawn_on_by_commands(people: People, client: StockClient) -> None:
    await client.tell("write", "4", "clr")
    await client.tell("write", "4", "p", "0", "0", "before")
    page = await _opened(await people.user("viewer"))
    glass = _widget(page, "lcd").get_by_role("img")
    await expect(glass).to_have_accessible_name("before")
    await client.tell("write", "4", "p", "2", "1", "0123456789abcdefgh")
    await expect(glass).to_have_accessible_name("before 0123456789abcd")
    await client.tell("write", "4", "clr")
    await expect(glass).to_have_accessible_name("empty")


async def test_lcd_shows_two_pins_within_their_texts(people: People, client: StockClient) -> None:
    page = await _opened(await people.user("viewer"), "lines")
    await client.tell("write", "1", "21.55")
    await client.tell("write", "2", "7")
    glass = _widget(page, "lcd").get_by_role("img")
    await expect(glass).to_have_accessible_name("T: 21.6 7 lx")


async def test_terminal_shows_the_past_and_every_line_and_sends_one(
    people: People, client: StockClient
) -> None:
    await client.tell("write", "5", "booting")
    page = await _opened(await people.user("operator"))
    terminal = _widget(page, "terminal")
    lines = terminal.locator(".line")
    await expect(lines).to_have_text(["booting"])
    for number in range(5):
        await client.tell("write", "5", f"line {number}\r\n")
    await expect(lines).to_have_text(["booting", *(f"line {number}" for number in range(5))])
    await terminal.get_by_role("textbox").fill("help me")
    await page.keyboard.press("Enter")
    assert await client.next_write() == [5, "help me"]
    await expect(lines.last).to_have_text("help me")
    await expect(lines).to_have_count(7)
    await client.tell("write", "5", "clr")
    await expect(lines).to_have_count(0)


async def test_terminal_keeps_its_lines_and_stays_at_the_end(
    people: People, client: StockClient
) -> None:
    page = await _opened(await people.user("viewer"))
    terminal = _widget(page, "terminal")
    await expect(terminal.get_by_role("textbox")).to_be_disabled()
    await client.tell("write", "5", "\n".join(f"line {number}" for number in range(60)))
    lines = terminal.locator(".line")
    await expect(lines).to_have_count(50)
    await expect(lines.last).to_have_text("line 59")
    await expect(lines.last).to_be_in_viewport()
    await terminal.get_by_role("log").evaluate("box => { box.scrollTop = 0; }")
    await client.tell("write", "5", "one more")
    await expect(lines.last).to_have_text("one more")
    await expect(lines.first).to_be_in_viewport()


async def test_what_was_said_while_the_gateway_was_away_is_there_once(
    people: People, gateway: GatewayProcess
) -> None:
    page = await _opened(await people.user("viewer"))
    lines = _widget(page, "terminal").locator(".line")
    await _write(gateway, "v5", "before")
    await expect(lines).to_have_text(["before"])
    await gateway.stop()
    await expect(page.get_by_role("alert")).to_contain_text("not reachable")
    await gateway.start()
    await _write(gateway, "v5", "meanwhile")
    await expect(lines).to_have_text(["before", "meanwhile"])
    await _write(gateway, "v5", "after")
    await expect(lines).to_have_text(["before", "meanwhile", "after"])


async def test_table_is_filled_and_its_rows_selected_and_ordered(
    people: People, client: StockClient
) -> None:
    await client.tell("write", "6", "clr")
    await client.tell("write", "6", "add", "1", "Ada <i>", "10")
    page = await _opened(await people.user("operator"))
    table = _widget(page, "table")
    rows = table.locator("tbody tr")
    await expect(rows).to_have_text([re.compile(r"Ada <i>\s*10")])
    await client.tell("write", "6", "add", "2", "Bob", "20")
    await client.tell("write", "6", "update", "1", "Ada <i>", "11")
    await client.tell("write", "6", "pick", "2")
    await expect(rows).to_have_text([re.compile(r"Ada <i>\s*11"), re.compile(r"Bob\s*20")])
    await expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    await table.get_by_role("checkbox", name="Select Bob").uncheck()
    assert await client.next_write() == [6, "deselect", "2"]
    await expect(table.get_by_role("checkbox", name="Select Bob")).not_to_be_checked()
    await table.get_by_role("button", name="Order").click()
    await table.get_by_role("button", name="Move Bob up").click()
    assert await client.next_write() == [6, "order", "1", "0"]
    await expect(rows.first).to_contain_text("Bob")
    await page.reload()
    await expect(rows.first).to_contain_text("Bob")
    await expect(table.get_by_role("checkbox", name="Select Bob")).not_to_be_checked()


async def test_map_takes_both_formats(people: People, client: StockClient) -> None:
    page = await _opened(await people.user("viewer"))
    await client.tell("write", "7", "1", "50.1", "8.6", "<b>Home</b>")
    await client.tell("write", "7", "2", "50.2", "8.7", "Shed")
    plot = _widget(page, "map")
    await expect(plot.locator("text.label")).to_have_text(["<b>Home</b>", "Shed"])
    await client.tell("write", "7", "clr")
    await expect(plot.get_by_text("No place")).to_be_visible()
    await _opened(page, "lines")
    await client.tell("write", "8", "8.5", "50.5")
    # Two within a tenth of a second are one to a browser.
    await expect(plot.get_by_role("img")).to_have_accessible_name("50.5, 8.5")
    await client.tell("write", "8", "8.6", "50.6")
    await expect(plot.get_by_role("img")).to_have_accessible_name("50.6, 8.6")
    await expect(plot.locator("circle")).to_have_count(2)


async def test_image_and_video_take_web_addresses_only(
    people: People, gateway: GatewayProcess, client: StockClient
) -> None:
    page = await _opened(await people.user("viewer"))
    image, video = _widget(page, "image"), _widget(page, "video")
    await client.tell("write", "9", "1")
    await client.tell("write", "10", "1")
    await expect(image.get_by_text("cannot be loaded")).to_be_visible()
    await _set_property(gateway, "v9", url="javascript:alert(1)", rotation="90", opacity="50")
    await expect(image.get_by_text("no http or https address")).to_be_visible()
    await _set_property(gateway, "v9", url=f"{people.url}/ui/none.png")
    await expect(image.get_by_text("cannot be loaded")).to_be_visible()
    await expect(video.get_by_text("No address")).to_be_visible()
    await _set_property(gateway, "v10", url="data:text/html,x")
    await expect(video.get_by_text("no http or https address")).to_be_visible()
    await _set_property(gateway, "v10", url=f"{people.url}/film.mp4")
    link = video.get_by_role("link", name="Open the address")
    await expect(link).to_have_attribute("href", f"{people.url}/film.mp4")


async def test_device_tile_tells_that_the_device_went(
    people: People, gateway: GatewayProcess
) -> None:
    page = await _opened(await people.user("viewer"))
    tile = _widget(page, "device")
    state = tile.locator("bg-device-state")
    await expect(state).to_contain_text("offline")
    async with StockClient(DRIVER, gateway.port, TOKEN) as client:
        await client.expect("connected")
        await expect(state).to_contain_text("online")
        await expect(tile.get_by_role("link", name="Bench")).to_be_visible()
    await expect(state).to_contain_text("offline")


async def test_events_appear_and_are_resolved(people: People, gateway: GatewayProcess) -> None:
    viewer = await _opened(await people.user("viewer"))
    page = await _opened(await people.user("operator"))
    events = _widget(page, "events")
    await expect(events.get_by_role("combobox")).to_be_visible()
    query = {"token": TOKEN, "code": "too_hot", "description": "<b>31</b> °C"}
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
        session.get("/external/api/logEvent", params=query) as answer,
    ):
        assert answer.status == 200, await answer.text()
    await expect(events.get_by_text("<b>31</b> °C")).to_be_visible()
    await expect(events.get_by_role("img", name="Critical")).to_have_count(1)
    await events.get_by_role("combobox").select_option("notification")
    await expect(events.get_by_text("Too hot")).to_have_count(0)
    await events.get_by_role("combobox").select_option("logged")
    await expect(events.get_by_text("Too hot")).to_be_visible()
    await expect(_widget(viewer, "events").get_by_role("img", name="Critical")).to_have_count(1)
    await expect(_widget(viewer, "events").get_by_role("button")).to_have_count(0)
    await events.get_by_role("button", name="Resolve Too hot").click()
    await expect(events.get_by_role("img", name="Critical")).to_have_count(0)
    await expect(events.get_by_role("button")).to_have_count(0)
    # Who opens the page later sees the same.
    await page.goto(f"{people.url}/#/devices/bench")
    await page.locator("summary").get_by_text("Events").click()
    await expect(page.get_by_text(re.compile("^Resolved .* by operator"))).to_be_visible()


async def test_simulated_input_is_pressed_on_the_header(people: People) -> None:
    page = await _opened(await people.user("operator"))
    header = _widget(page, "header")
    door = header.get_by_role("button", name=re.compile("GPIO27 door"))
    await expect(door).to_have_attribute("aria-pressed", "true")
    await door.click()
    await expect(door).to_have_attribute("aria-pressed", "false")
    await header.get_by_role("slider", name="Ch 3").fill("0.5")
    await page.reload()
    await expect(door).to_have_attribute("aria-pressed", "false")
    await expect(header.get_by_role("slider", name="Ch 3")).to_have_value("0.5")


async def test_viewer_cannot_press_the_header(people: People) -> None:
    page = await _opened(await people.user("viewer"))
    header = _widget(page, "header")
    door = header.get_by_role("button", name=re.compile("GPIO27 door"))
    await door.click()
    await expect(header.get_by_role("status")).to_contain_text("used by door")
    await expect(header.get_by_role("slider", name="Ch 3")).to_be_disabled()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_longest_values_stay_within_their_widgets(
    people: People, client: StockClient, size: dict[str, int]
) -> None:
    page = await _opened(await people.user("viewer", size=size))
    evil = "<img src=x onerror=alert(1)>" * 30
    for pin in ("1", "2", "4", "5", "7", "9", "10"):
        await client.tell("write", pin, evil)
    await client.tell("write", "6", "add", "1", evil, evil)
    await client.tell("write", "7", "1", "50", "8", evil)
    await client.tell("write", "4", "p", "0", "0", evil)
    # Widgets far below are drawn when they come near.
    cells = page.locator("bg-widget-grid .grid > .cell")
    await expect(cells).to_have_count(len(WIDGETS))
    for cell in await cells.all():
        await cell.scroll_into_view_if_needed()
    await expect(_widget(page, "terminal").locator(".line").last).to_contain_text("<img src=x")
    await expect(_widget(page, "table").locator("tbody tr")).to_contain_text("<img src=x")
    await expect(_widget(page, "map").locator("text.label")).to_contain_text("<img src=x")
    assert await page.locator("img[src='x']").count() == 0
    wider = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wider) <= 0
