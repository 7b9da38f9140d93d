"""Takes the pictures of the documentation from the real dashboard of the demo: `make docs`.

They differ a little each time, as the demo lives; look at them before you commit them. Some alone:
`python -m docs.take_pictures automations`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, expect

from tests.helpers.browser import PHONE, People, chromium, connected, settled
from tests.helpers.demo import running_demo

PICTURES = Path(__file__).parent / "pictures"
SIZE = {"width": 1280, "height": 800}


async def dashboard(page: Page) -> None:
    """The dashboard of the demo."""
    await page.goto("/")


async def editor(page: Page) -> None:
    """A copy of it while it is changed."""
    await page.goto("/")
    await page.get_by_role("button", name="Copy and change").click()
    save = page.get_by_role("button", name="Save", exact=True)
    await save.or_(page.get_by_role("dialog")).first.wait_for()


async def device(page: Page) -> None:
    """One device."""
    await page.goto("/#/devices/greenhouse")


async def pins(page: Page) -> None:
    """The pins of the simulated Pi."""
    await page.goto("/#/pins")


async def automations(page: Page) -> None:
    """The rules, after the greenhouse got too hot and somebody ran the scene."""
    await page.goto("/#/automations")
    runs = page.locator("bg-runs summary")
    await expect(runs.filter(has_text="Too hot")).to_be_visible()
    await page.get_by_role("button", name="Run Good night").click()
    await expect(runs.first).to_contain_text("Good night")
    await expect(runs.first).to_contain_text("done")
    await expect(page.get_by_role("status").filter(has_text="Good night")).to_have_count(0)


SUBJECTS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "dashboard": dashboard,
    "editor": editor,
    "device": device,
    "pins": pins,
    "automations": automations,
}


async def main(wanted: list[str]) -> int:
    """Take these pictures, or all."""
    PICTURES.mkdir(exist_ok=True)
    with chromium() as address:
        async with running_demo() as demo, connected(address) as browser:
            people = People(browser, demo)
            for name, subject in SUBJECTS.items():
                if not wanted or name in wanted:
                    await _take(await people.user(size=SIZE), subject, f"{name}.png")
            if not wanted or "phone" in wanted:
                await _take(await people.user(size=PHONE, dark=True), dashboard, "phone.png")
            await people.close()
    return 0


async def _take(page: Page, subject: Callable[[Page], Awaitable[None]], name: str) -> None:
    await subject(page)
    await settled(page)
    await page.screenshot(path=PICTURES / name)
    print(f"docs/pictures/{name}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
