import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.failure import NoAnswer, NotRunning, Refused
from tests.helpers.control import control_server


def test_without_a_gateway_it_says_so(tmp_path: Path) -> None:
    client = ControlClient(tmp_path)
    assert not client.is_served
    with pytest.raises(NotRunning, match=r"control\.sock: no gateway listens"):
        client.request("GET", "/")


def test_a_socket_left_by_a_killed_gateway_is_no_gateway(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    assert not ControlClient(tmp_path).is_served


def test_a_path_too_long_for_a_socket_is_no_gateway(tmp_path: Path) -> None:
    assert not ControlClient(tmp_path / ("x" * 120)).is_served


AS_NOBODY = """
import os, sys
from pathlib import Path
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.failure import NotPermitted
os.setgid(65534)
os.setuid(65534)
try:
    ControlClient(Path(sys.argv[1])).request("GET", "/")
except NotPermitted as error:
    sys.stdout.write(str(error))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_without_permission_is_told_whom_to_be() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        data_dir = Path(place, "data")
        with control_server(data_dir):
            data_dir.chmod(0o700)
            command = [sys.executable, "-c", AS_NOBODY, str(data_dir)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.endswith("expected root")


def test_an_answer_is_decoded_and_an_empty_one_is_none(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        client = ControlClient(tmp_path)
        assert client.is_served
        control.answers["PUT /a?b=c"] = (200, {"ä": [1]})
        control.answers["DELETE /a"] = (200, "")
        assert client.request("PUT", "/a?b=c", {"value": ["é"]}) == {"ä": [1]}
        assert client.request("DELETE", "/a") is None
        assert control.requests == [("PUT /a?b=c", {"value": ["é"]}), ("DELETE /a", None)]


def test_a_refusal_says_what_the_gateway_said(tmp_path: Path) -> None:
    error = {"error": {"code": "pin.not_writable", "message": "a/V1 is read-only", "hint": "Do."}}
    with control_server(tmp_path) as control:
        control.answers["GET /a"] = (403, error)
        with pytest.raises(Refused, match="a/V1 is read-only") as caught:
            ControlClient(tmp_path).request("GET", "/a")
    assert caught.value.advice == "Do."


def test_who_gave_a_wrong_argument_is_not_sent_to_the_http_interface(tmp_path: Path) -> None:
    error = {"code": "request.invalid", "message": "body.name: too long", "hint": "See openapi."}
    with control_server(tmp_path) as control:
        control.answers["GET /a"] = (400, {"error": error})
        with pytest.raises(Refused, match="too long") as caught:
            ControlClient(tmp_path).request("GET", "/a")
    assert "--help" in caught.value.advice


@pytest.mark.parametrize(
    ("status", "body"), [(200, "no JSON"), (500, "no JSON"), (500, "[]"), (500, '{"error": 1}')]
)
def test_an_answer_without_sense_is_an_error(tmp_path: Path, status: int, body: str) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /a"] = (status, body)
        with pytest.raises(NoAnswer, match="expected"):
            ControlClient(tmp_path).request("GET", "/a")


def test_a_stream_gives_line_by_line_and_its_end_is_an_error(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /s"] = (200, '{"seq": 1}\n{"seq": 2}\n')
        lines = ControlClient(tmp_path).stream("/s")
        assert [next(lines), next(lines)] == [{"seq": 1}, {"seq": 2}]
        with pytest.raises(NoAnswer, match="ended the connection"):
            next(lines)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        b"HTTP/1.1 400 Bad\r\nContent-Length: 10\r\n\r\n{",
        b"no HTTP\r\n",
    ],
)
def test_a_gateway_that_breaks_off_is_an_error(tmp_path: Path, answer: bytes) -> None:
    with (
        breaking_off(tmp_path, answer),
        pytest.raises(NoAnswer, match=r"no answer|broke off its answer"),
    ):
        ControlClient(tmp_path).request("GET", "/")


def test_an_answer_may_take_as_long_as_the_caller_says(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()
        with pytest.raises(NoAnswer, match=r"timed out\); expected one in 0\.05 s"):
            ControlClient(tmp_path).request("GET", "/", None, 0.05)


def test_a_download_gives_all_bytes(tmp_path: Path) -> None:
    with control_server(tmp_path) as control:
        control.answers["GET /d"] = (200, "x" * 200_000)
        pieces = list(ControlClient(tmp_path).download("/d", 5.0))
    assert len(pieces) > 1
    assert b"".join(pieces) == b"x" * 200_000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n12345",
    ],
)
def test_a_download_that_is_cut_is_an_error(tmp_path: Path, answer: bytes) -> None:
    with (
        breaking_off(tmp_path, answer),
        pytest.raises(NoAnswer, match=r"no answer|broke off its answer"),
    ):
        list(ControlClient(tmp_path).download("/", 5.0))


@contextmanager
def breaking_off(directory: Path, answer: bytes) -> Iterator[None]:
    """A gateway that gives one answer and goes."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "control.sock"))
        listener.listen()
        thread = threading.Thread(target=break_off, args=(listener, answer))
        thread.start()
        yield
        thread.join()


def break_off(listener: socket.socket, answer: bytes) -> None:
    channel, _ = listener.accept()
    with channel:
        channel.recv(4096)
        channel.sendall(answer)
