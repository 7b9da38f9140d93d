"""Changing a dashboard with mouse and keys, as an admin."""

import re
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.helpers.browser import PHONE, People, settled
from tests.helpers.editing import HOME, drag, make_dashboard, read_dashboard


async def test_dragged_widget_stays_where_it_was_dropped(people: People) -> None:
    page = await _editor(people)
    await drag(page, _widget(page, "Switch Fan"), 0, 3 * 66)
    await expect(_widget(page, "Switch Fan")).to_have_accessible_name(re.compile("row 4"))
    await _widget(page, "Value Warmth").click()
    await expect(page.get_by_role("toolbar", name="Chosen widget")).to_contain_text("Warmth")
    corner = _widget(page, "Value Warmth").locator(".ui-resizable-se")
    await drag(page, corner, 90, 66)
    await expect(_widget(page, "Value Warmth")).to_have_accessible_name(
        re.compile("3 wide, 3 high")
    )
    await _save(page)

    await page.reload()
    fan = await page.get_by_role("group", name="Fan").bounding_box()
    warmth = await page.get_by_role("group", name="Warmth").bounding_box()
    assert fan is not None
    assert warmth is not None
    assert fan["y"] - warmth["y"] == 3 * 66
    assert await _places(page, "desktop") == {"Fan": [0, 3, 2, 2], "Warmth": [4, 0, 3, 3]}
    assert await _places(page, "phone") == {"Fan": [0, 0, 2, 2], "Warmth": [2, 0, 2, 2]}


async def test_keys_move_resize_duplicate_and_remove(people: People) -> None:
    page = await _editor(people)
    fan = _widget(page, "Switch Fan")
    await fan.focus()
    for key in ("ArrowDown", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        await page.keyboard.press(key)
    said = "Switch Fan: column 2, row 2, 3 wide, 3 high"
    await expect(fan).to_have_accessible_name(said)
    await expect(page.get_by_role("status").filter(has_text=said)).to_be_attached()

    await page.keyboard.press("Control+d")
    await expect(fan).to_have_count(2)
    await page.keyboard.press("Delete")
    await expect(fan).to_have_count(1)
    await page.keyboard.press("Control+z")
    await expect(fan).to_have_count(2)
    await page.keyboard.press("Control+Shift+z")
    await expect(fan).to_have_count(1)
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("button", name="Edit")).to_be_visible()
    assert (await _places(page, "desktop"))["Fan"] == [1, 1, 3, 3]


async def test_added_widget_is_found_chosen_and_configured(people: People) -> None:
    page = await _editor(people)
    await page.get_by_role("button", name="Add widget").click()
    await page.get_by_label("Search").fill("limits")
    await page.get_by_role("button", name="Slider").click()
    await page.get_by_role("button", name="Add to the page").click()
    await expect(page.get_by_text("Choose a pin for it.")).to_be_visible()

    await page.get_by_label("Device", exact=True).select_option("bench")
    await page.get_by_label("Pin", exact=True).fill("V2")
    await expect(
        page.get_by_role("paragraph").filter(has_text="Set point · double")
    ).to_be_visible()
    await page.get_by_label("Title", exact=True).fill("Heating")
    await page.get_by_label("Greatest value").fill("25")
    await page.get_by_role("button", name="Add to the page").click()
    await expect(_widget(page, "Slider Heating")).to_be_focused()

    await page.keyboard.press("Enter")
    await page.get_by_label("Sends").select_option("release")
    await page.get_by_role("button", name="Apply").click()
    await _save(page)
    await expect(page.get_by_role("slider")).to_have_attribute("max", "25")
    assert (await read_dashboard(page, "home"))["pages"][0]["widgets"][2] == {
        "type": "slider",
        "pin": "bench/V2",
        "title": "Heating",
        "max": 25,
        "send": "release",
        "desktop": [6, 0, 4, 2],
        "phone": [0, 2, 4, 2],
    }


async def test_phone_has_a_layout_of_its_own(people: People) -> None:
    page = await _editor(people, size=PHONE)
    await expect(page.get_by_role("button", name="Phone")).to_have_attribute("aria-pressed", "true")
    await _widget(page, "Switch Fan").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(_widget(page, "Switch Fan")).to_have_accessible_name(re.compile("3 wide"))
    await _save(page)
    assert await _places(page, "desktop") == {"Fan": [0, 0, 2, 2], "Warmth": [4, 0, 2, 2]}
    phone = await _places(page, "phone")
    assert phone["Fan"] == [0, 0, 3, 2]
    assert phone["Warmth"][1] >= 2, "what is in the way makes room"


async def test_finger_that_stays_for_a_moment_drags(people: People) -> None:
    page = await _editor(people, size=PHONE)
    fan = _widget(page, "Switch Fan")
    box = await fan.bounding_box()
    assert box is not None
    device = await page.context.new_cdp_session(page)
    place = {"x": box["x"] + 20, "y": box["y"] + 20}
    touch = "Input.dispatchTouchEvent"
    await device.send(touch, {"type": "touchStart", "touchPoints": [place]})
    await expect(fan).to_be_focused()
    for _ in range(8):
        place["y"] += 20
        await device.send(touch, {"type": "touchMove", "touchPoints": [place]})
    await device.send(touch, {"type": "touchEnd", "touchPoints": []})
    await expect(fan).to_have_accessible_name(re.compile("row 3"))


async def test_pages_are_added_named_moved_and_removed(people: People) -> None:
    page = await _editor(people)
    await page.get_by_role("button", name="Add page").click()
    await page.get_by_label("Name of this page").fill("Cellar")
    await page.get_by_role("button", name="Move this page to the left").click()
    await page.get_by_role("tab", name="Second").click()
    await page.get_by_role("button", name="Remove page").click()
    await page.locator("bg-dialog").get_by_role("button", name="Remove page").click()
    await expect(page.get_by_role("tab")).to_have_text(["First", "Cellar"])
    await page.get_by_label("Title of the dashboard").fill("House")
    await _save(page)
    found = await read_dashboard(page, "home")
    assert found["title"] == "House"
    assert [one["title"] for one in found["pages"]] == ["First", "Cellar"]


async def test_fault_is_shown_at_its_widget_and_field(people: People) -> None:
    page = await _editor(people)
    await page.get_by_role("tab", name="Second").click()
    await page.get_by_role("tab", name="First").click()
    await _widget(page, "Value Warmth").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Decimals").fill("77")
    await page.get_by_role("button", name="Apply").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("cannot be saved")
    await page.get_by_role("alert").get_by_role("button", name="Value Warmth").click()
    await expect(page.locator("bg-dialog").get_by_role("alert")).to_contain_text("77")
    await page.get_by_label("Decimals").fill("2")
    await page.get_by_role("button", name="Apply").click()
    await _save(page)


async def test_two_admins_do_not_overwrite_each_other(people: People) -> None:
    page = await _editor(people)
    first = await read_dashboard(page, "home")
    await page.get_by_label("Title of the dashboard").fill("Mine")
    await make_dashboard(page, "home", {**HOME, "title": "Theirs", "revision": first["revision"]})
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog", name="Changed meanwhile")).to_be_visible()
    await page.get_by_role("button", name="Keep as a copy").click()
    await expect(page.get_by_label("Short name")).to_have_value("mine")
    await _save(page)
    assert (await read_dashboard(page, "home"))["title"] == "Theirs"
    assert (await read_dashboard(page, "mine"))["title"] == "Mine"


async def test_leaving_with_changes_asks_first(people: People) -> None:
    page = await _editor(people)
    await _widget(page, "Switch Fan").focus()
    await page.keyboard.press("ArrowDown")
    await page.get_by_role("link", name="Devices").click()
    await page.locator("bg-dialog").get_by_role("button", name="Cancel").click()
    await expect(_widget(page, "Switch Fan")).to_have_accessible_name(re.compile("row 2"))
    await page.get_by_role("link", name="Devices").click()
    await page.get_by_role("button", name="Leave without saving").click()
    await page.wait_for_url("**/#/devices")
    assert (await _places(page, "desktop"))["Fan"] == [0, 0, 2, 2]


async def test_yaml_goes_out_and_comes_in(people: People, tmp_path: Path) -> None:
    page = await _shown(people)
    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="Export YAML").click()
    await expect(page.get_by_role("textbox", name="YAML")).to_have_value(re.compile(r"^\s*home:\n"))
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Save as file").click()
    download = await started.value
    assert download.suggested_filename == "home.yaml"
    file = tmp_path / "home.yaml"
    await download.save_as(file)
    await page.get_by_role("button", name="Close").click()

    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="Import YAML").click()
    await page.get_by_label("File").set_input_files(file)
    await expect(page.get_by_label("Short name")).to_have_value("home")
    await page.get_by_label("Short name").fill("other")
    text = await page.get_by_role("textbox", name="YAML").input_value()
    await page.get_by_role("textbox", name="YAML").fill(text.replace("type: switch", "type: swich"))
    await page.get_by_label("Short name").fill("other")
    await page.locator("bg-dialog").get_by_role("button", name="Import YAML").click()
    await expect(page.get_by_role("alert")).to_contain_text("pages[0].widgets[0]")
    await page.get_by_role("textbox", name="YAML").fill(text)
    await page.get_by_label("Short name").fill("other")
    await page.locator("bg-dialog").get_by_role("button", name="Import YAML").click()
    await page.wait_for_url("**/#/dashboards/other/1")
    home, other = await read_dashboard(page, "home"), await read_dashboard(page, "other")
    assert other["pages"] == home["pages"]


async def test_dashboard_is_made_shared_and_deleted(people: People) -> None:
    page = await _shown(people)
    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="New dashboard").click()
    await page.get_by_label("Title of the dashboard").fill("Küche unten")
    await page.get_by_role("button", name="Begin", exact=True).click()
    await expect(page.get_by_label("Short name")).to_have_value("kueche-unten")
    await _save(page)
    await page.wait_for_url("**/#/dashboards/kueche-unten/1")

    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="Share by link").click()
    await page.get_by_role("button", name="Make the link").click()
    link = await page.get_by_role("textbox", name="Link").input_value()
    await page.get_by_role("button", name="Close").click()
    visitor = await people.stranger()
    await visitor.goto(link)
    await expect(visitor.get_by_role("heading", name="Küche unten")).to_be_visible()

    await page.get_by_label("More actions").click()
    await page.get_by_role("button", name="Delete dashboard").click()
    await page.locator("bg-dialog").get_by_role("button", name="Delete dashboard").click()
    await expect(page.get_by_label("Dashboard", exact=True)).to_have_value("home")


async def test_widget_is_moved_without_beginning_anew(people: People) -> None:
    page = await people.user()
    await page.goto("/")
    chart = {"type": "chart", "title": "Past", "pins": ["bench/V3"], "desktop": [0, 4, 6, 5]}
    first = {**HOME["pages"][0], "widgets": [*HOME["pages"][0]["widgets"], chart]}
    await make_dashboard(page, "home", {**HOME, "pages": [first]})
    await page.goto("/#/dashboards/home")
    await page.get_by_role("button", name="Edit").click()
    await expect(_widget(page, "Chart Past").locator(".legend")).to_contain_text("Temperature")
    await settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await _widget(page, "Chart Past").focus()
    # Above the others: the grid sorts its elements.
    for _ in range(4):
        await page.keyboard.press("ArrowUp")
    await expect(_widget(page, "Chart Past")).to_have_accessible_name(re.compile("row 1"))
    await expect(_widget(page, "Chart Past").locator("canvas")).to_be_attached()
    assert [url for url in asked if "/history/" in url] == []


async def test_device_widget_has_a_device_at_once(people: People) -> None:
    page = await _editor(people)
    await page.get_by_role("button", name="Add widget").click()
    await page.locator("bg-add-widget [data-type=device]").click()
    choice = page.locator("bg-add-widget select")
    await expect(choice).to_have_value("pi")
    await expect(choice.locator("option")).to_have_text(["Garden shed", "Bench"])
    await page.get_by_role("button", name="Add to the page").click()
    await _save(page)
    widgets = (await read_dashboard(page, "home"))["pages"][0]["widgets"]
    assert widgets[-1]["device"] == "pi"


async def test_next_widget_begins_with_the_device_of_the_last(people: People) -> None:
    page = await _editor(people)
    for pin in ("V1", "V2"):
        await page.get_by_role("button", name="Add widget").click()
        await page.locator("bg-add-widget [data-type=value]").click()
        if pin == "V1":
            await page.get_by_label("Device", exact=True).select_option("bench")
        await expect(page.get_by_label("Device", exact=True)).to_have_value("bench")
        await page.get_by_label("Pin", exact=True).fill(pin)
        await page.get_by_role("button", name="Add to the page").click()
    await _save(page)
    widgets = (await read_dashboard(page, "home"))["pages"][0]["widgets"]
    assert [widget["pin"] for widget in widgets[-2:]] == ["bench/V1", "bench/V2"]


async def test_editor_begins_with_what_is_there_now(people: People) -> None:
    page = await _shown(people)
    newer = {**HOME, "title": "Newer", "revision": 1}
    await make_dashboard(page, "home", newer)
    await page.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Title of the dashboard")).to_have_value("Newer")
    await _save(page)


async def _shown(people: People, size: dict[str, int] | None = None) -> Page:
    page = await (people.user(size=size) if size else people.user())
    await page.goto("/")
    await make_dashboard(page, "home")
    await page.goto("/#/dashboards/home")
    await page.reload()
    await expect(page.get_by_role("button", name="Edit")).to_be_visible()
    return page


async def _editor(people: People, size: dict[str, int] | None = None) -> Page:
    page = await _shown(people, size)
    await page.get_by_role("button", name="Edit").click()
    await expect(_widget(page, "Switch Fan")).to_be_visible()
    return page


def _widget(page: Page, name: str) -> Locator:
    return page.locator("bg-editor-grid").get_by_role("group", name=name)


async def _save(page: Page) -> None:
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Edit")).to_be_visible()


async def _places(page: Page, layout: str) -> dict[str, list[int]]:
    found = await read_dashboard(page, "home")
    return {one["title"]: one[layout] for one in found["pages"][0]["widgets"]}
