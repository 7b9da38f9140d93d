import os
import subprocess
import sys
import textwrap
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


def test_what_begins_anew_keeps_its_id_and_command_line_but_nothing_that_was_open(
    tmp_path: Path,
) -> None:
    # A library in C leaves its files open for the next program, as this does.
    program = """
        import os, signal, sys
        from pathlib import Path
        from blynk_gateway.cli.daemon import begin_anew

        path, first = Path(sys.argv[1]), os.environ.get("FIRST")
        if first is None:
            descriptor = os.open(path, os.O_RDONLY)
            os.set_inheritable(descriptor, True)
            os.environ["FIRST"] = str(os.getpid())
            begin_anew()
        links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        held = str(path) in [str(link.readlink()) for link in links if link.is_symlink()]
        is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        print(first == str(os.getpid()), held, is_deaf, sys.argv[2:])
    """
    (tmp_path / "held").touch()
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "held"), "a b", "--c"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("True False True ['a b', '--c']\n", "")
