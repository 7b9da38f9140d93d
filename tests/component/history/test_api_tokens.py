from pathlib import Path

import pytest

from blynk_gateway.core.ports import ApiToken
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.api_tokens import ApiTokenTable
from blynk_gateway.history.file import database
from tests.component.history.system import System, locked

TOKEN = ApiToken("phone", "admin", "00" * 32, 1_700_000_000_000)


async def test_api_token_is_kept_until_removed(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        tokens = ApiTokenTable(system.journal.exclusive)
        assert await tokens.add_api_token(TOKEN)
        assert not await tokens.add_api_token(TOKEN._replace(role="viewer"))
        laptop = TOKEN._replace(name="laptop", devices=("greenhouse", "pi"))
        assert await tokens.add_api_token(laptop)
    async with System(tmp_path) as system:
        tokens = ApiTokenTable(system.journal.exclusive)
        assert await tokens.api_tokens() == [laptop, TOKEN]
        assert await tokens.remove_api_token("laptop")
        assert not await tokens.remove_api_token("laptop")
        assert await tokens.api_tokens() == [TOKEN]


async def test_api_token_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    async with System(tmp_path) as system:
        tokens = ApiTokenTable(system.journal.exclusive)
        with locked(system.path), pytest.raises(HistoryError, match="database is locked"):
            await tokens.add_api_token(TOKEN)
        assert await tokens.api_tokens() == []
