"""Each test has a gateway's HTTP side of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.http import Site, serving


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(tmp_path) as site:
        yield site
