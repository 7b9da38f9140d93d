"""Looking at dashboards: which one, which page, and what everybody may do there."""

from pathlib import Path

from playwright.async_api import Route, expect

from tests.browser.conftest import CONFIG
from tests.helpers.browser import PHONE, People, connected
from tests.helpers.editing import HOME, make_dashboard
from tests.helpers.processes import GatewayProcess

MANY = 1000


async def test_dashboard_of_the_file_is_read_only_and_can_be_copied(
    tmp_path: Path, chromium_address: str
) -> None:
    config = {**CONFIG, "dashboards": {"home": HOME}}
    async with GatewayProcess(tmp_path, config) as gateway, connected(chromium_address) as browser:
        people = People(browser, gateway)
        viewer = await people.user("viewer")
        await viewer.goto("/")
        await expect(viewer.get_by_text("Declared in the configuration")).to_be_visible()
        await expect(viewer.get_by_role("group", name="Fan")).to_be_visible()
        await expect(viewer.get_by_role("button", name="Copy and change")).to_have_count(0)

        page = await people.user()
        await page.goto("/")
        await page.get_by_role("button", name="Copy and change").click()
        await expect(page.get_by_label("Short name")).to_have_value("home-2")
        await page.get_by_role("button", name="Save").click()
        await page.wait_for_url("**/#/dashboards/home-2/1")
        await expect(page.get_by_role("button", name="Edit")).to_be_visible()
        await people.close()


async def test_pages_are_tabs_and_the_last_dashboard_is_remembered(people: People) -> None:
    page = await people.user()
    await page.goto("/")
    await make_dashboard(page, "home")
    await make_dashboard(page, "other", {**HOME, "title": "Other"})
    await page.reload()
    choice = page.get_by_label("Dashboard", exact=True)
    await choice.select_option("Other")
    await page.get_by_role("tab", name="First").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Second")).to_be_focused()
    await expect(page.get_by_role("region", name="Second")).to_be_visible()
    await page.wait_for_url("**/#/dashboards/other/2")
    await page.go_back()
    await expect(page.get_by_role("region", name="First")).to_be_visible()

    await page.goto("/#/devices")
    await page.get_by_role("link", name="Dashboards").click()
    await expect(choice).to_have_value("other")


async def test_automatic_dashboard_is_there_without_any_other(people: People) -> None:
    page = await people.user("operator")
    await page.goto("/#/dashboards/device%3Abench")
    await expect(page.get_by_text("Made automatically")).to_be_visible()
    await expect(page.get_by_role("group", name="Fan")).to_be_visible()


async def test_phone_shows_four_columns_in_their_own_order(people: People) -> None:
    page = await people.user(size=PHONE)
    await page.goto("/")
    await make_dashboard(page, "home")
    await page.goto("/#/dashboards/home")
    await page.reload()
    fan = await page.get_by_role("group", name="Fan").bounding_box()
    warmth = await page.get_by_role("group", name="Warmth").bounding_box()
    assert fan is not None
    assert warmth is not None
    assert fan["y"] == warmth["y"]
    assert fan["width"] + warmth["width"] > PHONE["width"] * 0.85
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_type_of_a_later_version_leaves_the_rest_alone(people: People) -> None:
    page = await people.user("viewer")

    async def answer(route: Route) -> None:
        widgets = [
            {"type": "hologram", "desktop": [0, 0, 2, 2], "phone": [0, 0, 2, 2]},
            {"type": "header", "desktop": [0, 2, 12, 5], "phone": [0, 2, 4, 8]},
        ]
        pages = [{"title": "", "widgets": widgets}]
        about = {"slug": "device:bench", "title": "Later", "source": "automatic", "read_only": True}
        await route.fulfill(json={**about, "revision": None, "pages": pages})

    await page.route("**/api/v1/dashboards/device*", answer)
    await page.goto("/#/dashboards/device%3Abench")
    await expect(page.get_by_text("does not know the widget “hologram”")).to_be_visible()
    await expect(page.locator("bg-header")).to_be_visible()


async def test_thousand_widgets_are_drawn_as_they_come_into_sight(people: People) -> None:
    page = await people.user("viewer")

    async def answer(route: Route) -> None:
        widgets = [
            {"type": "value", "pin": f"bench/V{number % 256}", "title": f"Value {number}"}
            | {"desktop": [number % 6 * 2, number // 6 * 2, 2, 2]}
            | {"phone": [number % 2 * 2, number // 2 * 2, 2, 2]}
            for number in range(MANY)
        ]
        pages = [{"title": "", "widgets": widgets}]
        about = {"slug": "device:bench", "title": "Many", "source": "automatic", "read_only": True}
        await route.fulfill(json={**about, "revision": None, "pages": pages})

    await page.route("**/api/v1/dashboards/device*", answer)
    await page.goto("/#/dashboards/device%3Abench")
    await expect(page.get_by_role("group", name="Value 0", exact=True)).to_be_visible()
    assert await page.locator("bg-value").count() < MANY / 5
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_role("group", name=f"Value {MANY - 1}", exact=True)).to_be_visible()


async def test_visitor_sees_the_shared_dashboard_and_nothing_else(people: People) -> None:
    page = await people.user()
    await page.goto("/")
    await make_dashboard(page, "home")
    await page.goto("/#/dashboards/home")
    await page.reload()
    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="Share by link").click()
    await page.get_by_role("button", name="Make the link").click()
    link = await page.get_by_role("textbox", name="Link").input_value()

    visitor = await people.stranger()
    await visitor.goto(link)
    await expect(visitor.get_by_role("heading", name="Home")).to_be_visible()
    await expect(visitor.get_by_role("switch")).to_be_disabled()
    await visitor.get_by_role("tab", name="Second").click()
    await expect(visitor.get_by_role("region", name="Second")).to_be_visible()
    await expect(visitor.get_by_role("navigation")).to_have_count(0)
    await expect(visitor.get_by_label("More actions")).to_have_count(0)
