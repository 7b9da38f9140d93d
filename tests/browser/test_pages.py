"""The pages beside the dashboards, as people use them."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import yaml
from playwright.async_api import Locator, Page, Route, expect

from blynk_gateway.config.options import Address
from tests.browser.conftest import CONFIG
from tests.helpers.bench import TOKEN
from tests.helpers.browser import PASSWORD, PHONE, People, settled, until
from tests.helpers.devices import Peer
from tests.helpers.processes import GatewayProcess

PAGES = (
    "dashboards",
    "devices",
    "devices/bench",
    "devices/pi",
    "pins",
    "automations",
    "upstream",
    "logs",
    "users",
    "settings",
)
MARKUP = '<img src=x onerror="window.takenOver=1">'
SMALL = {"width": 360, "height": 740}


@asynccontextmanager
async def a_device(gateway: GatewayProcess, token: str = TOKEN) -> AsyncIterator[Peer]:
    """A device that is logged in."""
    async with await Peer.connect(Address("127.0.0.1", gateway.port)) as peer:
        await peer.log_in(token)
        yield peer


async def opened(page: Page, *path: str) -> None:
    """Go to a page of the dashboard and return when it stands."""
    await page.goto(f"/#/{'/'.join(path)}")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


def shown_dialog(page: Page) -> Locator:
    """The open dialog with its content, which is no part of the element with that role."""
    return page.locator("bg-dialog").filter(has=page.get_by_role("dialog"))


async def test_first_admin_is_made_by_the_link_that_was_printed(
    people: People, gateway: GatewayProcess
) -> None:
    found = re.search(r"/(#/setup/\S+)", gateway.log)
    assert found is not None, gateway.log
    page = await people.stranger()
    await page.goto(f"/{found[1]}")
    await page.get_by_label("Name").fill("ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await page.get_by_role("button", name="Create the admin").click()
    await expect(page.get_by_role("navigation")).to_contain_text("ada (admin)")


async def test_wrong_password_is_told_and_the_right_one_opens(people: People) -> None:
    await people.add("ada")
    page = await people.stranger()
    await page.goto("/#/devices")
    await page.get_by_label("Name").fill("ada")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_be_visible()

    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Devices", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()


async def test_added_device_shows_how_to_connect_and_can_be_removed(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    await page.get_by_role("button", name="Add a device").click()
    await page.get_by_label("Name", exact=True).fill("Pond")
    await page.get_by_role("button", name="Add", exact=True).click()
    dialog = shown_dialog(page)
    token = await dialog.get_by_label("Auth token").input_value()
    assert re.fullmatch(r"[0-9A-Za-z_-]{32}", token)
    await expect(dialog.get_by_label("Sketch")).to_contain_text(token)
    await expect(dialog.get_by_role("img")).to_have_js_property("complete", True)

    async with page.expect_download() as download:
        await dialog.get_by_role("button", name="Download").click()
    assert (await download.value).suggested_filename == "pond.ino"

    await dialog.get_by_role("button", name="Show the device").click()
    await expect(page.get_by_role("heading", level=1, name="Pond")).to_be_visible()
    await page.get_by_role("button", name="Remove the device").click()
    await shown_dialog(page).get_by_role("button", name="Remove the device").click()
    await expect(page.get_by_role("heading", level=1, name="Devices")).to_be_visible()
    await expect(page.get_by_role("link", name="Pond")).to_have_count(0)


async def test_fault_of_a_new_device_is_shown_in_its_dialog(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    await page.get_by_role("button", name="Add a device").click()
    await page.get_by_label("Name", exact=True).fill("Bench")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(shown_dialog(page).get_by_role("alert")).to_contain_text("bench")


async def test_refused_login_is_adopted(people: People, gateway: GatewayProcess) -> None:
    token = "feedfacefeedfacefeedfacefeedface"
    async with await Peer.connect(Address("127.0.0.1", gateway.port)) as peer:
        with pytest.raises(AssertionError):
            await peer.log_in(token)
    page = await people.user()
    await opened(page, "devices")
    await page.get_by_role("button", name=re.compile("Adopt the device with token feed")).click()
    await expect(page).to_have_url(re.compile("#/devices/.+"))
    async with a_device(gateway, token):
        await expect(page.get_by_text("online")).to_be_visible()


async def test_pairing_opens_and_closes(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    await page.get_by_role("button", name="Open pairing").click()
    await expect(page.get_by_text("Pairing is open for 5 more minutes.")).to_be_visible()
    await page.get_by_role("button", name="Close now").click()
    await expect(page.get_by_role("button", name="Open pairing")).to_be_visible()


async def test_pin_of_a_device_follows_and_is_written(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user("operator")
    async with a_device(gateway) as device:
        await opened(page, "devices", "bench")
        device.write_pin(3, "21.5")
        await expect(page.get_by_role("row", name="Temperature")).to_contain_text("21.5")
        await expect(page.get_by_role("button", name="Write V3")).to_have_count(0)

        await page.get_by_role("button", name="Write V4").click()
        await page.get_by_label("New value").select_option("auto")
        await page.get_by_role("button", name="Write", exact=True).click()
        await expect(page.get_by_role("row", name="Mode")).to_contain_text("auto")
        frames = [frame.body for frame in await device.fence()]
        assert b"vw\x004\x001" in frames

        await page.get_by_role("button", name="Write V1").click()
        await page.get_by_label("New value").fill("warm")
        await page.get_by_role("button", name="Write", exact=True).click()
        await expect(shown_dialog(page).get_by_role("alert")).to_be_visible()


async def test_protocol_log_shows_what_is_said(people: People, gateway: GatewayProcess) -> None:
    page = await people.user()
    async with a_device(gateway) as device:
        await opened(page, "devices", "bench")
        await page.get_by_text("Protocol log").click()
        await expect(page.get_by_text("Nothing was said")).to_be_visible()
        device.write_pin(5, "hello")
        frames = page.get_by_role("region", name="Protocol log")
        await expect(frames).to_contain_text("hello")
        await page.get_by_label("Filter").fill("no such text")
        await expect(page.get_by_text("Nothing found")).to_be_visible()


async def test_viewer_finds_nothing_that_is_for_others(people: People) -> None:
    page = await people.user("viewer")
    await opened(page, "devices", "bench")
    await expect(page.get_by_role("row", name="Set point")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Write"))).to_have_count(0)
    await expect(page.get_by_text("Protocol log")).to_have_count(0)
    await expect(page.get_by_role("link", name="Users")).to_have_count(0)

    await opened(page, "logs")
    await expect(page.get_by_text("Your role may not see this page.")).to_be_visible()
    await opened(page, "settings")
    await expect(page.get_by_role("heading", name="Encryption (TLS)")).to_be_visible()
    await expect(page.get_by_role("heading", name="Configuration")).to_have_count(0)


async def test_log_is_filtered_searched_and_paused(people: People) -> None:
    page = await people.user()
    await opened(page, "logs")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("gateway ready")
    await page.get_by_label("Search the log").fill("listening")
    await expect(log).not_to_contain_text("gateway ready")
    await page.get_by_label("Search the log").fill("")
    await page.get_by_role("button", name="Pause").click()
    await people.add("later", "viewer")
    await page.get_by_label("At least").select_option("error")
    await expect(page.get_by_text("No records of this level yet.")).to_be_visible()


async def test_users_get_roles_and_leave(people: People) -> None:
    page = await people.user()
    await opened(page, "users")
    await page.get_by_role("button", name="Add a user").click()
    dialog = shown_dialog(page)
    await dialog.get_by_label("Name").fill("grace")
    await dialog.get_by_label(re.compile("operator")).check()
    await dialog.get_by_label("New password, at least 8 characters").fill(PASSWORD)
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Role of grace")).to_have_value("operator")

    await page.get_by_label("Role of grace").select_option("viewer")
    await page.reload()
    await expect(page.get_by_label("Role of grace")).to_have_value("viewer")

    await page.get_by_role("button", name="Remove grace").click()
    await shown_dialog(page).get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_label("Role of grace")).to_have_count(0)

    await page.get_by_label("Role of admin").select_option("viewer")
    await expect(page.get_by_role("alert")).to_contain_text("admin")
    await expect(page.get_by_label("Role of admin")).to_have_value("admin")


async def test_api_token_is_shown_once_and_limited_to_devices(people: People) -> None:
    page = await people.user()
    await opened(page, "users")
    tokens = page.locator("bg-api-tokens")
    await tokens.get_by_label("Name", exact=True).fill("script")
    await tokens.get_by_text("Only for some devices").click()
    await tokens.get_by_label("Bench").check()
    await tokens.get_by_role("button", name="Make a token").click()
    key = await tokens.get_by_label("script", exact=True).input_value()
    await expect(tokens.get_by_role("row", name="script")).to_contain_text("bench")

    stranger = await people.stranger()
    answer = await stranger.context.request.get(
        "/api/v1/devices", headers={"Authorization": f"Bearer {key}"}
    )
    assert [one["slug"] for one in (await answer.json())["devices"]] == ["bench"]
    await page.reload()
    await expect(tokens.get_by_role("row", name="script")).to_be_visible()
    await expect(tokens.get_by_label("script", exact=True)).to_have_count(0)


async def test_shared_link_opens_one_dashboard_until_it_is_revoked(people: People) -> None:
    page = await people.user()
    await opened(page, "users")
    shares = page.locator("bg-shares")
    await shares.get_by_label("Dashboard").select_option(label="Bench")
    await shares.get_by_role("button", name="Make a link").click()
    link = await shares.get_by_label("Link", exact=True).input_value()

    visitor = await people.stranger()
    await visitor.goto(link)
    await expect(visitor.get_by_text("Set point").first).to_be_visible()
    await expect(visitor.get_by_role("navigation")).to_have_count(0)

    await shares.get_by_role("button", name="Revoke the link to Bench").click()
    await shown_dialog(page).get_by_role("button", name="Revoke").click()
    await expect(visitor.get_by_role("button", name="Log in")).to_be_visible()


async def test_settings_are_checked_and_reloaded(people: People, gateway: GatewayProcess) -> None:
    page = await people.user()
    await opened(page, "settings")
    right = yaml.safe_load(gateway.config_path.read_text())
    gateway.config_path.write_text("gatway: {name: Garden shed}\n")
    await page.get_by_role("button", name="Check the file").click()
    await expect(page.get_by_text("The file has 1 fault:")).to_be_visible()
    await expect(page.get_by_text(re.compile("gateway.yaml:1"))).to_be_visible()
    await page.get_by_role("button", name="Reload").click()
    await expect(page.get_by_role("alert")).to_contain_text("gatway")

    right["links"] = [{"from": "bench/V3", "to": "pi/V1"}]
    gateway.config_path.write_text(yaml.safe_dump(right))
    await page.get_by_role("button", name="Reload").click()
    await expect(page.get_by_text("The configuration is reloaded.")).to_be_visible()
    await opened(page, "automations")
    await expect(page.get_by_role("row", name="bench/V3")).to_contain_text("pi/V1")


async def test_language_and_theme_are_kept(people: People) -> None:
    page = await people.user()
    await opened(page, "settings")
    await page.get_by_label("Language").select_option("Deutsch")
    await page.get_by_label("Aussehen").select_option("dunkel")
    await page.reload()
    await expect(page.get_by_role("heading", level=1, name="Einstellungen")).to_be_visible()
    await until(page, "document.documentElement.dataset.theme === 'dark'")
    await until(page, "document.title === 'Einstellungen · Garden shed'")


async def test_own_password_is_changed(people: People) -> None:
    page = await people.user("operator")
    await opened(page, "settings")
    await page.get_by_text("Change the password").click()
    await page.get_by_label("Present password").fill("not the password")
    await page.get_by_label("New password, at least 8 characters").fill("another password")
    await page.get_by_label("Password again").fill("another password")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Present password").fill(PASSWORD)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The password is changed.")).to_be_visible()


async def test_loss_of_the_gateway_is_said_and_its_return_noticed(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user()
    await opened(page, "devices", "bench")
    await gateway.kill()
    await expect(page.get_by_role("alert").first).to_contain_text("not reachable")
    await gateway.start()
    await expect(page.get_by_text("not reachable")).to_have_count(0)
    async with a_device(gateway) as device:
        device.write_pin(3, "19.5")
        await expect(page.get_by_role("row", name="Temperature")).to_contain_text("19.5")


async def test_texts_of_devices_are_never_markup(people: People, gateway: GatewayProcess) -> None:
    gateway.write_config({**CONFIG, "devices": {"bench": {"name": MARKUP[:60], "token": TOKEN}}})
    gateway.reload()
    page = await people.user()
    await opened(page, "devices")
    await expect(page.get_by_role("link", name="<img src=x")).to_be_visible()
    async with a_device(gateway) as device:
        device.write_pin(5, MARKUP)
        body = "\0".join(("5", "label", MARKUP)).encode()
        device.send(b"\x13\x00\x07" + len(body).to_bytes(2) + body)
        event = f"alarm\0{MARKUP}".encode()
        device.send(b"\x40\x00\x08" + len(event).to_bytes(2) + event)
        await device.fence()
        await opened(page, "devices", "bench")
        row = page.get_by_role("row", name="V5")
        await expect(row.get_by_role("cell").nth(1)).to_contain_text("<img src=x")
        await expect(row.get_by_role("cell").nth(2)).to_contain_text("<img src=x")
        await page.get_by_text("Events", exact=True).click()
        await expect(page.get_by_role("cell", name="<img src=x").last).to_be_visible()
    for name in PAGES:
        await opened(page, name)
        await settled(page)
        assert not await page.evaluate("window.takenOver")


@pytest.mark.parametrize("size", [PHONE, SMALL])
async def test_no_page_is_wider_than_a_phone(people: People, size: dict[str, int]) -> None:
    page = await people.user(size=size, language="de-DE")
    for name in PAGES:
        await opened(page, name)
        await settled(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], name


async def test_menu_of_a_phone_opens_and_leads_on(people: People) -> None:
    page = await people.user(size=PHONE)
    await opened(page, "settings")
    link = page.get_by_role("link", name="Devices")
    await expect(link).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await link.click()
    await expect(page.get_by_role("heading", level=1, name="Devices")).to_be_visible()
    await expect(link).to_be_hidden()


async def test_servers_above_tell_budget_backlog_and_fault(people: People) -> None:
    server = {
        "name": "cloud",
        "server": "blynk.cloud",
        "via": "tcp",
        "budgets": [
            {
                "period": "month",
                "limit": 100_000,
                "spent": 95_000,
                "left": 5000,
                "forecast": 120_000,
                "ends_ms": 1_701_388_800_000,
            }
        ],
        "devices": [
            {
                "device": "bench",
                "status": "stopped",
                "detail": MARKUP,
                "place": "fra1.blynk.cloud:443",
                "backlog_points": 12,
                "oldest_ms": 1_700_000_000_000,
                "sent": 1702,
                "merged": 311,
                "given_up": 1,
                "clock_offset_ms": 9000,
            }
        ],
    }

    async def answer(route: Route) -> None:
        await route.fulfill(
            content_type="application/json", body=json.dumps({"upstream": [server]})
        )

    page = await people.user()
    await page.route("**/api/v1/upstream", answer)
    await opened(page, "upstream")
    main = page.get_by_role("main")
    for text in (
        "This month 95,000 of 100,000 messages are spent, 5,000 are left.",
        "120,000 would be wanted",
        "stopped: the server refused it",
        MARKUP,
        "12 points still wait",
        "differs by 9.0 s",
    ):
        await expect(main).to_contain_text(text)


async def test_keyboard_reaches_the_content_and_focus_follows_the_page(people: People) -> None:
    page = await people.user()
    await opened(page, "devices")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    focused = "document.querySelector('bg-app').shadowRoot.activeElement?.id"
    await until(page, f"{focused} === 'content'")
    await page.get_by_role("link", name="Settings").click()
    await until(page, f"{focused} === 'content'")
    await until(page, "document.title === 'Settings · Garden shed'")
