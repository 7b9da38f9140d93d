import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.processes import GatewayProcess


async def test_it_logs_at_the_configured_level_and_ends_well(tmp_path: Path) -> None:
    async with GatewayProcess(tmp_path, {"logging": {"level": "error"}}) as gateway:
        assert await gateway.stop() == 0
        assert gateway.log == ""
        gateway.write_config({"logging": {"level": "info"}})
        await gateway.start()
        await gateway.wait_for_log("gateway ready")


def test_a_data_directory_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", "blynk_gateway", "run", "--data-dir", str(tmp_path / "file/data")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "BLYNK_GATEWAY_CONFIG": os.devnull},
    )
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
