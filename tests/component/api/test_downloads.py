"""One-time links."""

from collections.abc import AsyncGenerator

from blynk_gateway.api.downloads import MAX_LINKS, Downloads
from blynk_gateway.api.streaming import Exports
from tests.helpers.http import Site


async def test_links_that_nobody_follows_do_not_pile_up(site: Site) -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"x"

    downloads = Downloads(site.clock, Exports(site.health))
    paths = {downloads.offer("a", "zip", pieces) for _ in range(MAX_LINKS + 5)}
    assert len(paths) == MAX_LINKS + 5
    assert len(downloads._links) == MAX_LINKS


async def test_unknown_link_is_an_empty_404(site: Site) -> None:
    for suffix in ("csv.gz", "zip"):
        answer = await site.request("GET", f"/{'a' * 22}.{suffix}")
        assert (answer.status, answer.body) == (404, b"")
