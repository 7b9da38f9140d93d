"""What a person moves: each widget moves a pin of a stock client, and follows it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.helpers.bench import TOKEN
from tests.helpers.browser import PHONE, People, until
from tests.helpers.processes import GatewayProcess
from tests.helpers.stock_client import DRIVERS, StockClient

_BIT = {"type": "int", "min": 0, "max": 1}
_BYTE = {"type": "int", "min": 0, "max": 255}

DATASTREAMS: dict[str, dict[str, object]] = {
    "V0": {"name": "Horn", **_BIT},
    "V1": {"name": "Fan", **_BIT},
    "V2": {"name": "Light", **_BYTE},
    "V3": {"name": "Brightness", "type": "int", "min": 0, "max": 100},
    "V4": {"name": "Set point", "type": "double", "min": 5, "max": 30, "decimals": 1, "unit": "°C"},
    "V5": {"name": "Gear", "type": "int", "min": 1, "max": 3},
    "V6": {"name": "Limit", "type": "double", "min": -10, "max": 2000},
    "V7": {"name": "Note", "type": "string"},
    "V8": {"name": "Mode", "type": "enum", "labels": {0: "off", 1: "auto", 2: "on"}},
    "V9": {"name": "Scene", "type": "string"},
    "V10": {"name": "Camera", **_BYTE},
    "V11": {"name": "Left", "type": "int", "min": -100, "max": 100},
    "V12": {"name": "Right", "type": "int", "min": -100, "max": 100},
    "V13": {"name": "Lamp", **_BYTE},
    "V14": {"name": "Red", **_BYTE},
    "V15": {"name": "Green", **_BYTE},
    "V16": {"name": "Blue", **_BYTE},
    "V17": {"name": "Watering", "type": "string"},
}


def _widget(kind: str, *pins: int, **options: object) -> dict[str, object]:
    addresses = [f"bench/V{pin}" for pin in pins]
    return {
        "type": kind,
        **({"pin": addresses[0]} if len(pins) == 1 else {"pins": addresses}),
        **options,
    }


WIDGETS = [
    _widget("button", 0),
    _widget("button", 1, mode="switch", on_label="turning", off_label="still"),
    _widget("switch", 2),
    _widget("slider", 3, desktop=[0, 2, 6, 2]),
    _widget("slider", 4, send="release", step=0.5, desktop=[6, 2, 6, 2]),
    _widget("step", 5, loop=True),
    _widget("number_input", 6),
    _widget("text_input", 7, limit=20),
    _widget("menu", 8),
    _widget("segmented", 9, labels=["day", "night", "party"], first=1),
    _widget("joystick", 10, title="Merged", desktop=[0, 6, 4, 4]),
    _widget("joystick", 11, 12, title="Split", auto_return=False, desktop=[4, 6, 4, 4]),
    _widget("rgb", 13, title="One color", desktop=[0, 10, 5, 4]),
    _widget("rgb", 14, 15, 16, title="Three colors", desktop=[5, 10, 5, 4]),
    _widget("time_input", 17, days=True),
]

CONFIG = {
    "gateway": {"name": "Garden shed"},
    "devices": {"bench": {"name": "Bench", "token": TOKEN, "datastreams": DATASTREAMS}},
    "dashboards": {"panel": {"title": "Panel", "widgets": WIDGETS}},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, CONFIG) as process:
        yield process


@dataclass
class Panel:
    """The dashboard in a browser, and the device."""

    page: Page
    client: StockClient

    def widget(self, label: str) -> Locator:
        """A widget by its label."""
        return self.page.get_by_role("group", name=label, exact=True)

    async def writes(self, pin: int, *values: object) -> None:
        """The device writes."""
        await self.client.tell("write", str(pin), *map(str, values))

    async def gets(self, pin: int, *values: object) -> None:
        """Return when these values reached the device."""
        await self.client.expect("write", pin, *map(str, values))

    async def sets(self, pin: int, name: str, *values: str) -> None:
        """The device sets a property."""
        await self.client.tell("property", str(pin), name, *values)


@pytest.fixture
async def panel(people: People, gateway: GatewayProcess) -> AsyncIterator[Panel]:
    page = await people.user("operator")
    async with StockClient(DRIVERS["blynklib 0.2.6"], gateway.port, TOKEN) as client:
        await client.expect("connected")
        await open_panel(page)
        yield Panel(page, client)


async def open_panel(page: Page) -> None:
    """Show the dashboard of these tests."""
    await page.goto("/#/dashboards/panel")
    await expect(page.locator("bg-button button").first).to_be_visible()


async def centre(target: Locator) -> tuple[float, float]:
    """Where a pointer hits a control."""
    await target.scroll_into_view_if_needed()
    box = await target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_push_button_is_on_while_it_is_held(panel: Panel) -> None:
    page, button = panel.page, panel.widget("Horn").get_by_role("button")
    await page.mouse.move(*await centre(button))
    await page.mouse.down()
    await panel.gets(0, 1)
    await expect(button).to_have_attribute("aria-pressed", "true")
    await page.mouse.up()
    await panel.gets(0, 0)
    for _ in range(5):
        await page.mouse.down()
        await page.mouse.up()
    assert [await panel.client.next_write() for _ in range(10)] == [[0, "1"], [0, "0"]] * 5
    await button.focus()
    await page.keyboard.down(" ")
    await panel.gets(0, 1)
    await page.keyboard.up(" ")
    await panel.gets(0, 0)
    await panel.writes(0, 1)
    await expect(button).to_have_text("On")


async def test_pushed_button_is_always_let_go(panel: Panel) -> None:
    page, button = panel.page, panel.widget("Horn").get_by_role("button")
    middle = await centre(button)

    async def press() -> None:
        await page.mouse.move(*middle)
        await page.mouse.down()
        await panel.gets(0, 1)

    await press()
    await page.mouse.move(middle[0], middle[1] + 400)
    await panel.gets(0, 0)
    await page.mouse.up()
    await press()
    await page.evaluate("window.dispatchEvent(new Event('blur'))")
    await panel.gets(0, 0)
    await page.mouse.up()
    await press()
    await panel.sets(0, "isDisabled", "true")
    await panel.gets(0, 0)
    await page.mouse.up()
    await expect(button).to_be_disabled()
    await panel.sets(0, "isDisabled", "false")
    await expect(button).to_be_enabled()
    await press()
    await page.goto("about:blank")
    await panel.gets(0, 0)


async def test_button_is_let_go_when_the_gateway_is_back(
    panel: Panel, gateway: GatewayProcess
) -> None:
    page, button = panel.page, panel.widget("Horn").get_by_role("button")
    await page.mouse.move(*await centre(button))
    await page.mouse.down()
    await panel.gets(0, 1)
    await gateway.stop()
    await page.mouse.up()
    await gateway.start()
    value = (
        "fetch('/api/v1/pins/bench/V0').then((answer) => answer.json()).then((pin) => pin.value[0]"
    )
    await until(page, f"{value} === '0', () => false)")


async def test_switches_turn_and_follow(panel: Panel) -> None:
    fan = panel.widget("Fan").get_by_role("button")
    await fan.click()
    await panel.gets(1, 1)
    await expect(fan).to_have_text("turning")
    await fan.click()
    await panel.gets(1, 0)
    await panel.writes(1, 1)
    await expect(fan).to_have_attribute("aria-pressed", "true")
    light = panel.widget("Light").get_by_role("switch")
    await light.press(" ")
    await panel.gets(2, 255)
    await expect(light).to_be_checked()
    await panel.writes(2, 80)
    await expect(light).to_have_text("80")
    await expect(light).to_be_checked()
    await light.click()
    await panel.gets(2, 0)
    await expect(light).not_to_be_checked()


async def test_slider_streams_or_writes_once(panel: Panel) -> None:
    page, moving = panel.page, panel.widget("Brightness").get_by_role("slider")
    x, y = await centre(moving)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await panel.gets(3, 50)
    await page.mouse.move(x + 60, y)
    await page.mouse.move(x + 600, y)
    await panel.gets(3, 100)
    await page.mouse.up()
    await panel.writes(3, 20)
    await expect(moving).to_have_value("20")
    await moving.press("ArrowRight")
    await panel.gets(3, 21)
    once = panel.widget("Set point").get_by_role("slider")
    x, y = await centre(once)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - 100, y, steps=5)
    await page.mouse.move(x - 600, y, steps=5)
    await expect(panel.widget("Set point").locator(".value")).to_have_text("5.0\u202f°C")
    await panel.writes(3, 30)
    await expect(moving).to_have_value("30")
    await page.mouse.up()
    assert await panel.client.next_write() == [4, "5"]


async def test_step_goes_round(panel: Panel) -> None:
    gear = panel.widget("Gear")
    for value in (1, 2, 3, 1):
        await gear.get_by_role("button", name="more").click()
        await panel.gets(5, value)
    await gear.get_by_role("button", name="less").click()
    await panel.gets(5, 3)
    await panel.writes(5, 2)
    await expect(gear.get_by_role("spinbutton")).to_have_text("2")
    await gear.get_by_role("spinbutton").press("End")
    await panel.gets(5, 3)


async def test_numbers_and_texts_are_typed(panel: Panel) -> None:
    number = panel.widget("Limit").get_by_role("textbox")
    await number.fill("21,5")
    await number.press("Enter")
    await panel.gets(6, 21.5)
    await number.fill("2001")
    await number.press("Enter")
    await expect(panel.widget("Limit").get_by_text("From -10 to 2000.")).to_be_visible()
    await number.press("Escape")
    await expect(number).to_have_value("21.5")
    await number.fill("-3.25")
    await number.blur()
    await panel.gets(6, -3.25)
    await panel.writes(6, 7)
    await expect(number).to_have_value("7")
    text = panel.widget("Note").get_by_role("textbox")
    await text.press_sequentially("Käse <b>& more than twenty")
    await expect(text).to_have_value("Käse <b>& more than ")
    await text.press("Enter")
    await panel.gets(7, "Käse <b>& more than ")
    await panel.writes(7, "from the device")
    await expect(text).to_have_value("from the device")


async def test_menu_and_segments_write_their_numbers(panel: Panel) -> None:
    menu = panel.widget("Mode").get_by_role("combobox")
    await menu.select_option(label="on")
    await panel.gets(8, 2)
    await panel.writes(8, 1)
    await expect(menu).to_have_value("1")
    scene = panel.widget("Scene")
    await scene.get_by_role("radio", name="party").click()
    await panel.gets(9, 3)
    await scene.get_by_role("radio", name="party").press("ArrowLeft")
    await panel.gets(9, 2)
    await expect(scene.get_by_role("radio", name="night")).to_be_checked()
    await panel.writes(9, 1)
    await expect(scene.get_by_role("radio", name="day")).to_be_checked()
    await panel.sets(9, "labels", "<b>one</b>", "two")
    await expect(scene.get_by_role("radio")).to_have_text(["<b>one</b>", "two"])
    await panel.writes(9, "17")
    await expect(scene.get_by_text("17")).to_be_visible()


async def test_joystick_moves_two_values_and_returns(panel: Panel) -> None:
    page = panel.page
    merged = panel.widget("Merged").get_by_role("slider")
    x, y = await centre(merged)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 400, y - 400, steps=4)
    await panel.gets(10, 255, 255)
    await page.mouse.up()
    await panel.gets(10, 128, 128)
    await panel.writes(10, 0, 255)
    await expect(merged).to_have_attribute("aria-valuetext", "x 0, y 255")
    split = panel.widget("Split").get_by_role("slider")
    x, y = await centre(split)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - 400, y + 400, steps=2)
    await expect(split).to_have_attribute("aria-valuetext", "x -100, y -100")
    await page.mouse.up()
    await panel.gets(12, -100)
    await panel.writes(11, 50)
    await expect(split).to_have_attribute("aria-valuetext", "x 50, y -100")
    await split.press("ArrowRight")
    await panel.gets(11, 70)
    await expect(split).to_have_attribute("aria-valuetext", "x 70, y -100")


async def test_color_is_one_pin_or_three(panel: Panel) -> None:
    one = panel.widget("One color")
    await one.locator("input[type=color]").fill("#102030")
    await panel.gets(13, 16, 32, 48)
    await one.get_by_role("slider", name="green").fill("200")
    await panel.gets(13, 16, 200, 48)
    await panel.writes(13, 1, 2, 255)
    await expect(one.locator("input[type=color]")).to_have_value("#0102ff")
    three = panel.widget("Three colors")
    await three.get_by_role("slider", name="blue").fill("77")
    await panel.gets(16, 77)
    await panel.writes(14, 255)
    await expect(three.locator("input[type=color]")).to_have_value("#ff004d")


async def test_time_input_writes_five_values(panel: Panel) -> None:
    await panel.writes(17, 28800, 63000, "Asia/Tokyo", "1,2", 32400)
    now = panel.widget("Watering").locator("button.now")
    await expect(now).to_have_text("08:00 – 17:30 Mon Tue")
    await now.click()
    await expect(panel.page.get_by_role("dialog", name="Watering")).to_be_visible()
    dialog = panel.page.locator("bg-time-input bg-dialog")
    await dialog.locator("input[type=time]").first.fill("06:15")
    await dialog.get_by_role("combobox").nth(1).select_option(label="Sunset")
    await dialog.get_by_role("button", name="Sunday").click()
    await dialog.get_by_role("button", name="Save").click()
    await panel.gets(17, 22500, "ss", "Asia/Tokyo", "1,2,7", 32400)
    await expect(now).to_have_text("06:15 – Sunset Mon Tue Sun")


async def test_properties_of_the_device_are_applied(panel: Panel) -> None:
    markup = "<img src=x onerror=document.title='bad'>"
    await panel.sets(0, "label", markup)
    button = panel.widget(markup).get_by_role("button")
    await panel.sets(0, "offLabel", "<i>ready</i>")
    await panel.sets(0, "offBackColor", "#112233")
    await expect(button).to_have_text("<i>ready</i>")
    await expect(button).to_have_css("background-color", "rgb(17, 34, 51)")
    assert await panel.page.title() != "bad"
    await panel.sets(3, "max", "200")
    await panel.writes(3, 90)
    await expect(panel.widget("Brightness").get_by_role("slider")).to_have_attribute("max", "200")
    await panel.sets(3, "suffix", " lx")
    await expect(panel.widget("Brightness").locator(".value")).to_contain_text("lx")
    await panel.sets(5, "isHidden", "true")
    await expect(panel.page.locator("bg-step")).to_be_hidden()
    await panel.sets(5, "isHidden", "false")
    await expect(panel.page.locator("bg-step")).to_be_visible()


async def test_viewer_moves_nothing(people: People) -> None:
    page = await people.user("viewer")
    await open_panel(page)
    controls = page.locator(
        "bg-widget-grid :is(button, input, select, [role=slider]:not(input)):visible"
    )
    assert await controls.count() > len(WIDGETS)
    for control in await controls.all():
        await expect(control).to_be_disabled()


async def test_finger_pushes_and_slides(people: People, gateway: GatewayProcess) -> None:
    page = await people.user("operator", size=PHONE)
    async with StockClient(DRIVERS["blynklib 0.2.6"], gateway.port, TOKEN) as client:
        await client.expect("connected")
        await open_panel(page)
        panel = Panel(page, client)
        await panel.widget("Horn").get_by_role("button").tap()
        await panel.gets(0, 1)
        await panel.gets(0, 0)
        await panel.widget("Brightness").get_by_role("slider").tap()
        assert (await client.next_write())[0] == 3
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
