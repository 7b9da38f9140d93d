"""Dashboards for tests in a browser: made and read with the session of the page itself."""

from typing import Any

from playwright.async_api import Locator, Page

HOME: dict[str, Any] = {
    "title": "Home",
    "pages": [
        {
            "title": "First",
            "widgets": [
                {
                    "type": "switch",
                    "pin": "bench/V1",
                    "title": "Fan",
                    "desktop": [0, 0, 2, 2],
                    "phone": [0, 0, 2, 2],
                },
                {
                    "type": "value",
                    "pin": "bench/V3",
                    "title": "Warmth",
                    "desktop": [4, 0, 2, 2],
                    "phone": [2, 0, 2, 2],
                },
            ],
        },
        {"title": "Second", "widgets": [{"type": "header"}]},
    ],
}


async def make_dashboard(page: Page, slug: str, document: dict[str, Any] = HOME) -> dict[str, Any]:
    """Store a dashboard, or a new revision of it if `document` names one."""
    found: dict[str, Any] = await _call(page, "PUT", slug, document)
    return found


async def read_dashboard(page: Page, slug: str) -> dict[str, Any]:
    """A dashboard as it is now."""
    found: dict[str, Any] = await _call(page, "GET", slug)
    return found


async def drag(page: Page, what: Locator, right: float, down: float) -> None:
    """Take the middle of something with the mouse, and let it go elsewhere."""
    box = await what.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    # More than one step: a drag begins after some pixels only.
    await page.mouse.move(x + right / 2, y + down / 2, steps=5)
    await page.mouse.move(x + right, y + down, steps=5)
    await page.mouse.up()


async def _call(page: Page, method: str, slug: str, data: object = None) -> Any:  # noqa: ANN401 - JSON
    origin = await page.evaluate("location.origin")
    answer = await page.context.request.fetch(
        f"/api/v1/dashboards/{slug}", method=method, data=data, headers={"Origin": origin}
    )
    assert answer.ok, await answer.text()
    return await answer.json()
