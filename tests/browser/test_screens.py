"""How the pages are on small screens, with long names, for each role, and after a loss."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import CONFIG
from tests.browser.test_pages import PAGES, SMALL, a_device, opened
from tests.helpers.bench import TOKEN
from tests.helpers.browser import PHONE, People, settled, until
from tests.helpers.processes import GatewayProcess

LONG = "Greenhouse-irrigation-pump-control-and-supervision-" + "x" * 13
ODD = {
    **CONFIG,
    "gateway": {"name": LONG},
    "devices": {
        "bench": {
            "name": LONG,
            "token": TOKEN,
            "datastreams": {
                "V3": {"name": LONG, "type": "double", "min": 0, "max": 100},
                "V4": {"name": LONG, "type": "enum", "labels": {0: LONG, 1: "on"}},
                "V5": {"name": LONG, "type": "string"},
            },
        },
        "arabic": {"name": "مستشعر درجة الحرارة في الحديقة 👩‍🌾", "token": "a" * 32},
    },
    "links": [{"from": "bench/V3", "to": "arabic/V1"}],
}


async def boxes_that_scroll(page: Page) -> list[str]:
    """What can be moved sideways, or up and down within the page."""
    found: list[str] = await page.evaluate(
        """() => {
          const all = (root) => [...root.querySelectorAll('*')].flatMap((one) =>
            [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
          return all(document.querySelector('bg-app').shadowRoot.querySelector('main'))
            .filter((one) => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
            .filter((one) => one.scrollWidth > one.clientWidth + 1 ||
              one.scrollHeight > one.clientHeight + 1)
            .map((one) => one.className || one.tagName);
        }"""
    )
    return found


@pytest.mark.parametrize("size", [PHONE, SMALL])
async def test_long_names_fit_on_a_phone(
    people: People, gateway: GatewayProcess, size: dict[str, int]
) -> None:
    await gateway.kill()
    gateway.write_config(ODD)
    await gateway.start()
    stranger = await people.stranger(size=size)
    await stranger.goto("/")
    await expect(stranger.get_by_role("button", name="Log in")).to_be_visible()
    wide = "document.documentElement.scrollWidth"
    assert await stranger.evaluate(wide) <= size["width"]
    page = await people.user(size=size)
    for name in (*PAGES, "dashboards/device:bench", "dashboards/device:arabic"):
        await opened(page, name)
        await settled(page)
        assert await page.evaluate(wide) <= size["width"], name


@pytest.mark.parametrize("name", ["pins", "automations", "users", "devices/bench"])
async def test_nothing_on_a_phone_is_cut_and_scrolls_by_itself(
    people: People, gateway: GatewayProcess, name: str
) -> None:
    await gateway.kill()
    gateway.write_config({**CONFIG, "links": [{"from": "bench/V3", "to": "pi/V1"}]})
    await gateway.start()
    page = await people.user("operator" if name != "users" else "admin", size=SMALL)
    await opened(page, name)
    await settled(page)
    assert await boxes_that_scroll(page) == []


async def test_page_that_was_opened_without_the_gateway_comes_with_it(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user()
    await opened(page, "devices")
    await gateway.kill()
    await expect(page.get_by_text("Connecting again")).to_be_visible()
    await page.get_by_role("link", name="Users").click()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    people.complaints.clear()  # That the module of the page could not be loaded.
    await gateway.start()
    await expect(page.get_by_role("heading", level=1, name="Users")).to_be_visible()


async def test_dashboards_come_back_after_a_loss_while_they_were_asked_for(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user()
    await opened(page, "dashboards")
    await opened(page, "devices")
    await gateway.kill()
    await expect(page.get_by_text("Connecting again")).to_be_visible()
    await page.get_by_role("link", name="Dashboards").click()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await gateway.start()
    await expect(page.get_by_role("combobox", name="Dashboard")).to_be_visible()


async def test_unknown_dashboard_is_told_and_leads_to_the_others(people: People) -> None:
    page = await people.user()
    await page.goto("/#/dashboards/nobody")
    await expect(page.get_by_role("alert")).to_have_text(
        "There is no such dashboard, or not any more."
    )
    await page.get_by_role("link", name="All dashboards").click()
    await expect(page.get_by_role("combobox", name="Dashboard")).to_be_visible()


async def test_viewer_is_not_told_to_do_what_only_others_may(people: People) -> None:
    page = await people.user("viewer")
    await opened(page, "automations")
    await expect(page.get_by_role("heading", name="Links")).to_be_visible()
    await expect(page.get_by_text("reload the configuration")).to_have_count(0)
    await opened(page, "pins")
    await expect(page.get_by_text("These pins are simulated.")).to_be_visible()
    await expect(page.get_by_text(re.compile("changes? its level"))).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "clock"), [("en-GB", r"\d\d:\d\d:\d\d"), ("en-US", r"\d+:\d\d:\d\d\s[AP]M")]
)
async def test_times_are_as_in_the_country_of_the_browser(
    people: People, language: str, clock: str
) -> None:
    page = await people.user(language=language)
    await opened(page, "users")
    cell = page.locator("bg-people").get_by_role("row", name="admin").get_by_role("cell").nth(2)
    await expect(cell).to_have_text(re.compile(rf"^\s*{clock}\s*$"))


async def test_devices_are_sorted_as_people_count(people: People, gateway: GatewayProcess) -> None:
    numbered = {f"d{n}": {"name": f"Device {n}", "token": f"{n:032x}"} for n in (10, 9, 100)}
    gateway.write_config({**CONFIG, "devices": numbered})
    gateway.reload()
    page = await people.user()
    await opened(page, "devices")
    links = page.locator("bg-devices-page").get_by_role("link")
    await expect(links).to_have_text(["Device 9", "Device 10", "Device 100", "Garden shed"])


async def test_what_a_device_tells_of_itself_is_in_words(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user()
    async with a_device(gateway) as device:
        body = "\0".join(("ver", "1.3.2", "dev", "ESP32", "h-beat", "45")).encode()
        device.send(b"\x11\x00\x05" + len(body).to_bytes(2) + body)
        await device.fence()
        await opened(page, "devices", "bench")
        facts = page.locator("bg-device-page")
        for name, told in (("Blynk library", "1.3.2"), ("Board", "ESP32")):
            term = facts.locator("dt", has_text=name)
            await expect(term.locator("+ dd")).to_have_text(told)
        await opened(page, "devices")
        card = page.get_by_role("listitem").filter(has_text="Bench")
        await expect(card).to_contain_text("Library 1.3.2")
        await expect(card).not_to_contain_text("Firmware")


async def test_browsers_can_install_it(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    client = await page.context.new_cdp_session(page)
    manifest = await client.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].startswith(people.url)
    found = await client.send("Page.getInstallabilityErrors")
    # Each person of these tests is a window without a memory, which installs nothing.
    assert {one["errorId"] for one in found["installabilityErrors"]} <= {"in-incognito"}


async def test_everything_is_reached_by_keyboard(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    focused = """(() => {
      let one = document.activeElement;
      while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
      return one?.textContent.trim();
    })()"""
    for name in ("Skip to content", "Dashboards"):
        await page.keyboard.press("Tab")
        assert await page.evaluate(focused) == name
    add = page.get_by_role("button", name="Add a device")
    await add.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await until(page, f"{focused} === 'Add a device'")
