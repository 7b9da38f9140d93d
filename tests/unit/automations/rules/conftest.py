from collections.abc import AsyncIterator

import pytest

from tests.helpers.rules import RuleRig, rule_rig


@pytest.fixture
async def rig() -> AsyncIterator[RuleRig]:
    async with rule_rig() as rig:
        yield rig
