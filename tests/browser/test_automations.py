"""Rules in the dashboard: the page Automations, and the widget that runs one."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import CONFIG
from tests.browser.test_accessibility import axe, faults
from tests.browser.test_pages import SMALL, a_device, opened, shown_dialog
from tests.helpers.browser import DESKTOP, PHONE, People, settled
from tests.helpers.editing import make_dashboard, read_dashboard
from tests.helpers.processes import GatewayProcess

__all__ = ["axe"]

RULES: list[dict[str, Any]] = [
    {
        "name": "Too hot",
        "when": {"pin": "bench/V3", "above": 30},
        "if": {"pin": "pi/V1", "is": "off"},
        "then": [{"set": {"pi/V1": 1}}, {"log_event": {"code": "hot", "text": "it is {value}"}}],
    },
    {
        "name": "Good night",
        "then": [{"set": {"pi/V1": 0}}, {"delay": "1s"}, {"set": {"bench/V5": "night"}}],
    },
    {"name": "Every year", "when": {"cron": "@yearly"}, "then": {"webhook": "nobody"}},
    {"name": "Round", "when": {"pin": "pi/V6", "any": True}, "then": {"set": {"pi/V6": "{value}"}}},
    {"name": "Asleep", "enabled": False, "then": {"set": {"pi/V1": 1}}},
]

WITH_RULES = CONFIG | {
    "automations": RULES,
    # The port of `discard`: nobody listens there.
    "webhooks": {"nobody": {"url": "http://127.0.0.1:9/{device}", "retries": 0}},
    "links": [{"from": "bench/V4", "to": "pi/V1"}],
}

NO_SERVICE = {
    "name": "phone",
    "kind": "ntfy",
    "waiting": 0,
    "sent": 0,
    "failed": 1,
    "last_ms": None,
    "detail": "ntfy.example cannot be reached",
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path, WITH_RULES) as process:
        yield process


def rule(page: Page, name: str) -> Locator:
    """A rule on the page."""
    return page.get_by_role("article", name=name, exact=True)


def latest_run(page: Page) -> Locator:
    """The uppermost of the runs."""
    return page.locator("bg-runs details").first


async def test_rule_is_shown_in_words_and_run_by_hand(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user("operator")
    await opened(page, "automations")
    hot = rule(page, "Too hot")
    await expect(hot).to_contain_text("bench/V3 above 30")
    await expect(hot).to_contain_text("pi/V1 is off")
    await expect(hot).to_contain_text("set pi/V1 to 1")
    await expect(hot).to_contain_text("Not run yet")

    async with a_device(gateway) as device:
        device.write_pin(3, "31.5")
        await expect(latest_run(page)).to_contain_text("bench/V3 = 31.5")
    await expect(latest_run(page)).to_contain_text("it is 31.5")
    await expect(hot).to_contain_text(re.compile(r"Last run .+ \(bench/V3 = 31.5\)"))

    await rule(page, "Too hot").get_by_role("button", name="Run").click()
    await expect(
        page.get_by_text("Too hot: It did not run: condition: pi/V1 is off")
    ).to_be_visible()

    await rule(page, "Good night").get_by_role("button", name="Run").click()
    await expect(page.get_by_text("Good night: running")).to_be_visible()
    await expect(latest_run(page)).to_contain_text("by operator operator")
    await expect(latest_run(page)).to_contain_text("done")
    await expect(latest_run(page)).to_contain_text("set bench/V5 to night: done")


async def test_switched_off_rule_stays_off_and_says_so_when_it_is_run(people: People) -> None:
    page = await people.user("operator")
    await opened(page, "automations")
    night = rule(page, "Good night")
    switch = night.get_by_role("switch", name="Good night is switched on")
    await expect(switch).to_be_checked()
    await switch.uncheck()
    await page.reload()
    await expect(switch).not_to_be_checked()
    await night.get_by_role("button", name="Run").click()
    await expect(night.get_by_role("alert")).to_contain_text("switched off")

    # By the keyboard alone.
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await page.reload()
    await expect(switch).to_be_checked()


async def test_dry_run_explains_and_does_nothing(people: People, gateway: GatewayProcess) -> None:
    page = await people.user("operator")
    async with a_device(gateway) as device:
        device.write_pin(3, "21.5")
        await device.fence()
    await opened(page, "automations")
    await rule(page, "Too hot").get_by_role("button", name="Test").click()
    dialog = shown_dialog(page)
    await expect(dialog).to_contain_text("bench/V3 has 21.5 °C now")
    await expect(dialog).to_contain_text(re.compile(r"holds:\s+pi/V1 is off"))
    await expect(dialog).to_contain_text("it is 21.5")
    await expect(dialog).to_contain_text("It would run if its trigger came now.")

    await dialog.get_by_label("In place of what the pin has").fill("44")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("it is 44")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Nothing has run yet.")).to_be_visible()

    await rule(page, "Asleep").get_by_role("button", name="Test").click()
    await expect(dialog).to_contain_text("by hand, by another rule")
    await expect(dialog).to_contain_text("It would not run now.")


async def test_rule_that_ran_in_a_circle_says_so_and_goes_on_when_switched_on(
    people: People,
) -> None:
    page = await people.user("operator")
    await opened(page, "automations")
    answer = await page.context.request.put(
        "/api/v1/pins/pi/V6", data={"value": ["1"]}, headers={"Origin": people.url}
    )
    assert answer.ok, await answer.text()
    round_trip = rule(page, "Round")
    await expect(round_trip).to_contain_text("Stopped: ")
    switch = round_trip.get_by_role("switch")
    await expect(switch).not_to_be_checked()
    await switch.check()
    await expect(round_trip).not_to_contain_text("Stopped: ")


async def test_switch_shows_what_the_gateway_says_and_not_what_was_pressed(people: People) -> None:
    page = await people.user("operator")
    answer = await page.context.request.get("/api/v1/automations")
    [first, *_] = (await answer.json())["automations"]
    stopped = first | {"stopped": "it ran in a circle"}
    asked: list[str] = []

    async def states(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(json={"automations": [stopped]})

    async def switched(route: Route) -> None:
        # It ran in a circle again before anybody could look.
        await route.fulfill(json=stopped)

    await page.route("**/api/v1/automations", states)
    await page.route("**/api/v1/automations/*/enabled", switched)
    await opened(page, "automations")
    switch = rule(page, "Too hot").get_by_role("switch")
    await switch.click()
    await expect(switch).not_to_be_checked()
    assert len(asked) > 1


async def test_switch_goes_back_when_the_gateway_is_away(people: People) -> None:
    async def away(route: Route) -> None:
        await route.abort()

    page = await people.user("operator")
    await opened(page, "automations")
    night = rule(page, "Good night")
    await expect(night.get_by_role("switch")).to_be_checked()
    await page.route("**/api/v1/automation*/**", away)
    await page.route("**/api/v1/automations", away)
    await night.get_by_role("switch").click()
    await expect(night.get_by_role("alert")).to_be_visible()
    await expect(night.get_by_role("switch")).to_be_checked()
    await page.unroute_all()
    await expect(night.get_by_role("alert")).to_have_count(0)


async def test_admin_without_rules_is_told_first_how_one_is_made(people: People) -> None:
    async def none(route: Route) -> None:
        await route.fulfill(json={"automations": []})

    page = await people.user()
    await page.route("**/api/v1/automations", none)
    await opened(page, "automations")
    await expect(page.get_by_text("- name: Too hot")).to_be_in_viewport()
    await page.unroute_all()
    await expect(rule(page, "Too hot")).to_be_visible()
    await expect(page.get_by_text("- name: Too hot")).not_to_be_in_viewport()


async def test_run_that_is_read_stays_open_when_another_comes(people: People) -> None:
    page = await people.user("operator")
    await opened(page, "automations")
    run = rule(page, "Good night").get_by_role("button", name="Run")
    for count in (1, 2, 3):
        await run.click()
        await expect(page.locator("bg-runs details")).to_have_count(count)
        summary = latest_run(page).locator("summary")
        await expect(summary).to_contain_text("done")
        if count == 1:
            await summary.click()
            await summary.click()
    # The one that somebody opened, and the latest; the one between closed by itself.
    opened_ones = [
        await one.get_attribute("open") for one in await page.locator("bg-runs details").all()
    ]
    assert [one is not None for one in opened_ones] == [True, False, True]


async def test_viewer_sees_rules_and_can_do_nothing(people: People) -> None:
    page = await people.user("viewer")
    await opened(page, "automations")
    await expect(rule(page, "Too hot").get_by_role("switch")).to_be_disabled()
    await expect(page.get_by_role("button", name=re.compile("^(Run|Test) "))).to_have_count(0)
    await expect(page.get_by_role("row", name=re.compile("^nobody"))).to_be_visible()
    await expect(page.get_by_text("Declare more")).to_have_count(0)
    await expect(page.get_by_role("link", name="bench/V4")).to_be_visible()


async def test_webhook_is_tried_with_a_value_and_its_failure_is_told(people: People) -> None:
    page = await people.user()
    await opened(page, "automations")
    await page.get_by_role("button", name="Test nobody").click()
    dialog = shown_dialog(page)
    await dialog.get_by_label(re.compile("Value of the pin")).fill("1")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_contain_text("GET http://127.0.0.1:9/")
    await expect(dialog).to_contain_text(re.compile(r"nothing listens[^|]*after \d+ ms"))


async def test_notification_service_is_tried_and_its_failure_is_told(people: People) -> None:
    async def answered(route: Route) -> None:
        is_test = route.request.method == "POST"
        body = {"ok": False, "fault": "no route"} if is_test else {"services": [NO_SERVICE]}
        await route.fulfill(json=body)

    page = await people.user()
    await page.route("**/api/v1/notifications**", answered)
    await opened(page, "automations")
    await expect(page.get_by_role("row", name=re.compile("^phone"))).to_contain_text(
        "ntfy.example cannot be reached"
    )
    await page.get_by_role("button", name="Send a test message by phone").click()
    await expect(page.get_by_role("alert")).to_contain_text("phone: no route")


async def test_many_rules_are_searched(people: People) -> None:
    page = await people.user("viewer")
    answer = await page.context.request.get("/api/v1/automations")
    [first, *_] = (await answer.json())["automations"]
    many = [
        {**first, "slug": f"r{n}", "name": f"Rule {n}", "then": [f"set pi/V{n} to 1"]}
        for n in range(40)
    ]

    async def answered(route: Route) -> None:
        await route.fulfill(json={"automations": many})

    await page.route("**/api/v1/automations", answered)
    await opened(page, "automations")
    await expect(page.get_by_role("article")).to_have_count(40)
    await page.get_by_label("Search the rules").fill("PI/V17 ")
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.get_by_label("Search the rules").fill("no such rule")
    await expect(page.get_by_text("No rule has this in it.")).to_be_visible()


async def test_names_of_rules_are_text_and_never_markup(people: People) -> None:
    page = await people.user()
    markup = '<img src=x onerror="window.takenOver=1">'
    answer = await page.context.request.get("/api/v1/automations")
    [first, *_] = (await answer.json())["automations"]
    hostile = {**first, "name": markup, "when": [markup], "then": [markup], "skipped": markup}

    async def answered(route: Route) -> None:
        await route.fulfill(json={"automations": [hostile | {"skipped_ms": 1}]})

    await page.route("**/api/v1/automations", answered)
    await opened(page, "automations")
    await expect(page.get_by_role("heading", name=markup)).to_be_visible()
    assert await page.evaluate("window.takenOver") is None


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
async def test_nothing_is_wider_than_a_small_phone(people: People, language: str) -> None:
    page = await people.user(size=SMALL, language=language)
    await opened(page, "automations")
    await expect(rule(page, "Too hot")).to_be_visible()
    await settled(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["light", "dark"])
async def test_page_and_dialogs_have_no_serious_fault(
    people: People, axe: str, size: dict[str, int], dark: bool
) -> None:
    page = await people.user(size=size, dark=dark)
    await opened(page, "automations")
    await rule(page, "Good night").get_by_role("button", name="Run").click()
    await expect(latest_run(page)).to_contain_text("Good night")
    await settled(page)
    assert await faults(page, axe) == []
    for button in ("Test Too hot", "Test nobody"):
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await settled(page)
        assert await faults(page, axe) == [], button
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()


SCENES = {
    "title": "Scenes",
    "pages": [
        {
            "title": "",
            "widgets": [
                {"type": "scene", "automation": "good-night"},
                {"type": "scene", "automation": "Asleep"},
                {"type": "scene", "automation": "gone", "title": "Gone"},
            ],
        }
    ],
}


def scene(page: Page, name: str) -> Locator:
    """A widget."""
    return page.get_by_role("group", name=name, exact=True)


async def test_scene_runs_its_rule_and_tells_when_it_is_over(people: People) -> None:
    admin = await people.user()
    await opened(admin, "automations")
    await make_dashboard(admin, "scenes", SCENES)
    page = await people.user("operator")
    await page.goto("/#/dashboards/scenes")
    night = scene(page, "Good night")
    await night.get_by_role("button", name="Run: Good night").click()
    await expect(night.get_by_role("status")).to_have_text("running")
    await expect(night.get_by_role("status")).to_have_text("done")
    value = await page.context.request.get("/api/v1/pins/bench/V5")
    assert (await value.json())["value"] == ["night"]

    asleep = scene(page, "Asleep")
    await expect(asleep.get_by_role("status")).to_have_text("off")
    await expect(asleep.get_by_role("button")).to_be_disabled()
    await expect(scene(page, "Gone").get_by_role("status")).to_contain_text("gone")
    await expect(scene(page, "Gone").get_by_role("button")).to_be_disabled()

    viewer = await people.user("viewer")
    await viewer.goto("/#/dashboards/scenes")
    await expect(scene(viewer, "Good night").get_by_role("button")).to_be_disabled()


async def test_visitor_with_a_link_sees_a_scene_that_does_nothing(people: People) -> None:
    admin = await people.user()
    await opened(admin, "automations")
    await make_dashboard(admin, "scenes", SCENES)
    answer = await admin.context.request.post(
        "/api/v1/shares", data={"dashboard": "scenes", "days": 1}, headers={"Origin": people.url}
    )
    path = (await answer.json())["path"]
    visitor = await people.stranger()
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    await visitor.goto(path)
    await expect(scene(visitor, "good-night").get_by_role("button")).to_be_disabled()
    assert [url for url in asked if "automation" in url] == []


async def test_scene_is_added_in_the_editor_with_a_list_of_rules(people: People) -> None:
    page = await people.user()
    await opened(page, "automations")
    await make_dashboard(page, "home", {"title": "Home", "pages": [{"title": "", "widgets": []}]})
    await page.goto("/#/dashboards/home")
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_role("button", name="Add widget").click()
    await page.get_by_role("button", name=re.compile("^Scene")).click()
    await page.get_by_role("button", name="Add to the page").click()
    await expect(page.get_by_text("Choose one.")).to_be_visible()
    await page.get_by_label("Rule").select_option("Good night")
    await page.get_by_role("button", name="Add to the page").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Edit")).to_be_visible()
    [widget] = (await read_dashboard(page, "home"))["pages"][0]["widgets"]
    assert (widget["type"], widget["automation"]) == ("scene", "good-night")
