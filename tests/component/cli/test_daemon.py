import io
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from unittest.mock import Mock

import aiohttp
import pytest

from blynk_gateway.api.accounts.people import People
from blynk_gateway.cli.daemon import invite
from blynk_gateway.config import Options
from blynk_gateway.config.options import Address, ServerOptions
from blynk_gateway.gateway import Gateway
from tests.helpers.bench import eventually
from tests.helpers.ports import MemoryAccounts
from tests.helpers.processes import GatewayProcess


async def test_it_logs_at_the_configured_level_and_ends_well(tmp_path: Path) -> None:
    async with GatewayProcess(tmp_path, {"logging": {"level": "error"}}) as gateway:
        await gateway.wait_for_log("#/setup/")
        assert await gateway.stop() == 0
        # There is no line but the setup link, which is no log record.
        assert [line[:21] for line in gateway.log.splitlines()] == ["There is no user yet."]
        gateway.write_config({"logging": {"level": "info"}})
        await gateway.start()
        await gateway.wait_for_log("gateway ready")


async def test_setup_link_is_printed_at_each_start_until_there_is_a_user(tmp_path: Path) -> None:
    async with GatewayProcess(tmp_path) as gateway:

        async def links() -> int:
            return len(tokens())

        def tokens() -> list[str]:
            place = rf"http://127\.0\.0\.1:{gateway.port}/#/setup/(\S{{43}})\n"
            return re.findall(place, gateway.log)

        await eventually(links, 1)
        await gateway.stop()
        await gateway.start()
        await eventually(links, 2)
        first, second = tokens()
        url = f"http://127.0.0.1:{gateway.port}/api/v1/setup"
        body = {"name": "ann", "password": "correct horse"}
        async with aiohttp.ClientSession() as session:
            for token, status in ((first, 401), (second, 200), (second, 409)):
                async with session.post(url, json=body | {"token": token}) as answer:
                    assert answer.status == status
        await gateway.stop()
        await gateway.start()
        await gateway.stop()
        assert await links() == 2


@pytest.mark.parametrize(
    ("server", "place"),
    [
        (
            ServerOptions(listen=(), listen_tls=(Address("127.0.0.1", 9443),)),
            "https://127.0.0.1:9443/",
        ),
        (ServerOptions(listen=(), listen_tls=()), None),
    ],
)
async def test_setup_link_leads_to_where_the_dashboard_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ServerOptions, place: str | None
) -> None:
    gateway = Gateway(Options(server=server), tmp_path)
    gateway.accounts = People.kept_in(MemoryAccounts(), gateway.clock)
    await invite(gateway)
    found = re.findall(r"(\S+)#/setup/", capsys.readouterr().out)
    assert found == ([] if place is None else [place])


async def test_reader_of_the_link_that_is_gone_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ServerOptions(listen=(), listen_tls=(Address("127.0.0.1", 9443),))
    gateway = Gateway(Options(server=server), tmp_path)
    gateway.accounts = People.kept_in(MemoryAccounts(), gateway.clock)
    gone = io.StringIO()
    monkeypatch.setattr(gone, "write", Mock(side_effect=BrokenPipeError))
    monkeypatch.setattr(sys, "stdout", gone)
    await invite(gateway)


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


def test_what_begins_anew_keeps_its_id_and_command_line_and_what_is_to_outlive_it(
    tmp_path: Path,
) -> None:
    # A library in C leaves its files open for the next program, as this does.
    program = """
        import os, signal, socket, sys
        from pathlib import Path
        from blynk_gateway.cli.daemon import begin_anew
        from blynk_gateway.runtime.descriptors import Descriptors
        from blynk_gateway.runtime.sdnotify import ServiceManager

        path, first = Path(sys.argv[1]), os.environ.get("FIRST")
        descriptors = Descriptors.handed_over(ServiceManager())
        if first is None:
            descriptor = os.open(path, os.O_RDONLY)
            os.set_inheritable(descriptor, True)
            with socket.create_server(("127.0.0.1", 0)) as server:
                descriptors.keep("listen-here", server.fileno())
                client = socket.create_connection(server.getsockname())
            client.send(b"waits")
            os.environ["FIRST"] = str(os.getpid())
            begin_anew(descriptors)
        links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        held = str(path) in [str(link.readlink()) for link in links if link.is_symlink()]
        is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        server = socket.socket(fileno=descriptors.kept("listen-")["listen-here"])
        text = server.accept()[0].recv(10).decode()
        print(first == str(os.getpid()), held, is_deaf, text, sys.argv[2:])
    """
    (tmp_path / "held").touch()
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "held"), "a b", "--c"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("True False True waits ['a b', '--c']\n", "")
