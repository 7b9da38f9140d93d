"""What a person sees first."""

from playwright.async_api import expect

from tests.helpers.browser import People


async def test_stranger_is_asked_to_log_in(people: People) -> None:
    await people.add("ada")
    page = await people.stranger()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Garden shed")).to_be_visible()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()


async def test_page_speaks_the_language_of_the_browser(people: People) -> None:
    await people.add("ada")
    page = await people.stranger(language="de-DE")
    await page.goto("/")
    await expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
