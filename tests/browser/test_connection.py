"""What becomes of the page's one connection when the gateway stands still."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.async_api import expect

from blynk_gateway.config.options import Address
from tests.helpers.bench import TOKEN
from tests.helpers.browser import People
from tests.helpers.devices import Peer
from tests.helpers.processes import GatewayProcess


@contextmanager
def frozen(gateway: GatewayProcess) -> Iterator[None]:
    """The gateway stands still with its connections open, as if a network switch had no power."""
    os.kill(gateway.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(gateway.pid, signal.SIGCONT)


async def test_page_says_that_the_gateway_stands_still_and_follows_it_again(
    people: People, gateway: GatewayProcess
) -> None:
    page = await people.user("operator")
    await page.goto("/#/devices/bench")
    value = page.get_by_role("row", name="Temperature")
    lost = page.get_by_text("not reachable")
    async with await Peer.connect(Address("127.0.0.1", gateway.port)) as device:
        await device.log_in(TOKEN)
        device.write_pin(3, "18.5")
        await expect(value).to_contain_text("18.5")
        with frozen(gateway):
            # The page gives up after 12 s of silence.
            await expect(lost).to_be_visible()
            device.write_pin(3, "19.5")
            for name in ("online", "pageshow"):
                await page.evaluate(f"window.dispatchEvent(new Event('{name}'))")
        await expect(lost).to_have_count(0)
        await expect(value).to_contain_text("19.5")
