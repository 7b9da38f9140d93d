"""Whether everybody can use the dashboard: axe-core finds no serious fault on any page."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_pages import PAGES, opened
from tests.helpers.browser import DESKTOP, PHONE, People, settled

AXE = Path(__file__).parent / "node/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")


@pytest.fixture
def axe() -> str:
    """The script of axe-core."""
    if not AXE.exists():
        assert "CI" not in os.environ, "axe-core is missing"
        pytest.skip("axe-core is not installed; `make setup` installs it")
    return AXE.read_text()


async def faults(page: Page, axe: str) -> list[dict[str, Any]]:
    """What axe-core finds serious or critical, with the places."""
    # By the debugger, as the content security policy lets no other script in.
    await page.evaluate(f"{axe}; undefined")
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        {"rule": one["id"], "places": [place["html"][:200] for place in one["nodes"]]}
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_no_page_has_a_serious_fault(
    people: People, axe: str, size: dict[str, int], dark: bool
) -> None:
    page = await people.user(size=size, dark=dark)
    found: dict[str, object] = {}
    for name in PAGES:
        await opened(page, name)
        await settled(page)
        await open_everything(page)
        await settled(page)
        if wrong := await faults(page, axe):
            found[name] = wrong
    assert found == {}


async def test_login_has_no_serious_fault(people: People, axe: str) -> None:
    await people.add("ada")
    page = await people.stranger()
    await page.goto("/")
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert await faults(page, axe) == []


async def test_dialogs_have_no_serious_fault(people: People, axe: str) -> None:
    page = await people.user()
    for name, button in (
        ("devices", "Add a device"),
        ("devices/bench", "Write V2"),
        ("users", "Add a user"),
        ("users", "Remove admin"),
    ):
        await opened(page, name)
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await faults(page, axe) == [], button
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_dialogs_of_dashboards_have_no_serious_fault(people: People, axe: str) -> None:
    page = await people.user()
    await opened(page, "dashboards")
    for name in ("New dashboard", "Import YAML", "Export YAML", "Share by link"):
        await page.locator("summary").and_(page.get_by_label("More actions")).click()
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await faults(page, axe) == [], name
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def faults_told(people: People, page: Page, axe: str) -> list[dict[str, Any]]:
    """The same in the editor, where axe-core tries a style that the page's policy forbids it."""
    assert people.complaints == []
    found = await faults(page, axe)
    people.complaints.clear()
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_editor_has_no_serious_fault(
    people: People, axe: str, size: dict[str, int], dark: bool
) -> None:
    page = await people.user(size=size, dark=dark)
    await opened(page, "dashboards/device:bench")
    await page.get_by_role("button", name="Copy and change").click()
    await expect(page.get_by_role("button", name="Add widget")).to_be_visible()
    assert await faults_told(people, page, axe) == []
    await page.get_by_role("button", name="Add widget").click()
    await expect(page.get_by_role("button", name="Slider")).to_be_visible()
    assert await faults_told(people, page, axe) == [], "choice of widgets"
    await page.get_by_role("button", name="Slider").click()
    await expect(page.get_by_role("button", name="Add to the page")).to_be_visible()
    assert await faults_told(people, page, axe) == [], "options of a widget"


async def open_everything(page: Page) -> None:
    """Open all that is folded."""
    await page.evaluate(
        """() => {
          const open = (root) => root.querySelectorAll('*').forEach((one) => {
            if (one.tagName === 'DETAILS') one.open = true;
            if (one.shadowRoot) open(one.shadowRoot);
          });
          open(document);
        }"""
    )
