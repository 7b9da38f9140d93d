"""A real headless Chromium, and people who are logged in with it.

One Chromium for each test runner; each person has a profile of its own in it, as two browsers
would. Whatever a page complains about (errors of scripts, of the content security policy) fails
the test that opened it.
"""

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from tests.helpers.patience import PATIENCE_S

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

START_WITHIN_S = 30.0

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

PASSWORD = "correct horse battery"
"""Of every user that these tests make."""

_HARMLESS = re.compile(r"Failed to load resource|WebSocket connection to .* failed")
"""What Chromium says of each refusal that a test provokes."""

expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def chromium() -> Iterator[str]:
    """Run Chromium; yields the address to connect to."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("Chromium is missing; install it: sudo apt install chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{_port(Path(profile) / 'DevToolsActivePort', process)}"
        finally:
            process.terminate()
            process.wait()


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Browser]:
    """Take hold of a running Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(address)
        try:
            yield browser
        finally:
            await browser.close()


class Reachable(Protocol):
    """A running gateway."""

    @property
    def port(self) -> int:
        """Of its HTTP."""

    @property
    def control_path(self) -> Path:
        """Its control socket."""


class People:
    """Makes users of a gateway and browsers for them; `close` fails if a page complained."""

    def __init__(self, browser: Browser, gateway: Reachable) -> None:
        self._browser = browser
        self._gateway = gateway
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        return f"http://127.0.0.1:{self._gateway.port}"

    async def add(self, name: str, role: str = "admin") -> None:
        """Make a user with `PASSWORD`."""
        connector = aiohttp.UnixConnector(str(self._gateway.control_path))
        async with aiohttp.ClientSession("http://control", connector=connector) as session:
            body = {"name": name, "role": role, "password": PASSWORD}
            async with session.post("/api/v1/users", json=body) as answer:
                assert answer.status in (201, 409), await answer.text()

    async def stranger(
        self, *, size: dict[str, int] = DESKTOP, dark: bool = False, language: str = "en-GB"
    ) -> Page:
        """A browser that nobody is logged in with, on an empty page."""
        context = await self._browser.new_context(
            base_url=self.url,
            viewport={"width": size["width"], "height": size["height"]},
            has_touch=size is PHONE,
            is_mobile=size is PHONE,
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_S * 1000)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def user(
        self,
        role: str = "admin",
        *,
        size: dict[str, int] = DESKTOP,
        dark: bool = False,
        language: str = "en-GB",
    ) -> Page:
        """A browser with somebody of this role logged in, on an empty page."""
        await self.add(role, role)
        page = await self.stranger(size=size, dark=dark, language=language)
        answer = await page.context.request.post(
            "/api/v1/session",
            data={"name": role, "password": PASSWORD, "keep": True},
            headers={"Origin": self.url},
        )
        assert answer.ok, await answer.text()
        return page

    async def close(self) -> None:
        """Close all browsers; fail if a page complained."""
        for context in self._contexts:
            await context.close()
        assert self.complaints == []

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _HARMLESS.search(message.text):
            self.complaints.append(message.text)


async def settled(page: Page) -> None:
    """Return when everything that the page asked for has come, fonts and styles included."""
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready")


def _port(path: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            return int(path.read_text().splitlines()[0])
        assert process.poll() is None, f"Chromium ended with {process.returncode}"
        time.sleep(0.02)  # It tells its port by this file alone.
    raise AssertionError(f"Chromium did not tell its port within {START_WITHIN_S:g} s")


async def until(page: Page, script: str) -> None:
    """Return when a script's value, or what it promises, is true in the page."""
    async with asyncio.timeout(PATIENCE_S):
        # Playwright's own way evaluates a text in the page, which the page's policy forbids.
        while not await page.evaluate(script):  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.02)
