"""HTTP over the gateway's control socket, which only its user and root may open."""

import http.client
import json
import pwd
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from blynk_gateway.cli.failure import NoAnswer, NotPermitted, NotRunning, Refused

Json: TypeAlias = Any
"""A decoded JSON value; `/api/v1/openapi.json` says of what shape."""

CONTROL_SOCKET = "control.sock"
"""Name within the data directory."""

ANSWER_WITHIN_S = 15.0
"""The gateway itself gives up after 10 s, for example while its disk does not take a write."""

DOWNLOAD_BYTES = 64 * 1024

_FIRST_ERROR = 400

_MALFORMED = "request.invalid"
_USAGE_HINT = "Run the command with --help to see what it takes."
"""In place of the gateway's advice, which is for those who write requests themselves."""


class ControlClient:
    """Speaks to one gateway.

    Args:
        data_dir: where its control socket is.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / CONTROL_SOCKET

    @property
    def is_served(self) -> bool:
        """Whether a gateway listens on the socket.

        Raises:
            NotPermitted: it does not listen to this user.
        """
        try:
            with closing(self._connection()) as connection:
                connection.connect()
        except NotRunning:
            return False
        return True

    def request(
        self, method: str, path: str, body: object = None, within_s: float = ANSWER_WITHIN_S
    ) -> Json:
        """Send one request and return the decoded JSON answer, None for an empty one.

        Args:
            path: with query, percent-encoded.
            body: sent as JSON, nothing if None.
            within_s: how long the answer may take.

        Raises:
            NotRunning, NotPermitted: the socket cannot be reached.
            Refused: the answer is an error.
            NoAnswer: there is none, or it makes no sense.
        """
        with closing(self._connection()) as connection:
            try:
                data = _ask(connection, method, path, body, within_s).read()
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error, within_s) from error
        return _decoded(data) if data else None

    def stream(self, path: str) -> Iterator[Json]:
        """Decoded lines of an endless answer, each as soon as it is there.

        Raises:
            NoAnswer: the gateway ended it; and as `request`.
        """
        with closing(self._connection()) as connection:
            try:
                response = _ask(connection, "GET", path, None)
                # Not `connection.sock`: that is gone if the gateway closes after this answer.
                connection.channel.settimeout(None)
                while line := response.readline():
                    yield _decoded(line)
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error
        raise NoAnswer(f"{self._path}: the gateway ended the connection; expected more changes")

    def download(self, path: str, begin_within_s: float) -> Iterator[bytes]:
        """The bytes of an answer, in pieces.

        Args:
            begin_within_s: how long it may take until the answer begins.

        Raises:
            NoAnswer: it broke off; and as `request`.
        """
        with closing(self._connection()) as connection:
            try:
                response = _ask(connection, "GET", path, None, begin_within_s)
                connection.channel.settimeout(ANSWER_WITHIN_S)
                while piece := response.read(DOWNLOAD_BYTES):
                    yield piece
                if response.length:
                    # Of an answer with a length the library takes an early end for its end.
                    raise http.client.IncompleteRead(b"", response.length)
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error

    def _connection(self) -> "_UnixConnection":
        return _UnixConnection(self._path)

    def _lost(self, error: Exception, within_s: float = ANSWER_WITHIN_S) -> NoAnswer:
        if isinstance(error, http.client.IncompleteRead):
            return NoAnswer(f"{self._path}: the gateway broke off its answer; expected all of it")
        reason = str(error) or type(error).__name__
        return NoAnswer(f"{self._path}: no answer ({reason}); expected one in {within_s} s")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_WITHIN_S)
        self._path = path
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def connect(self) -> None:
        self.channel.settimeout(ANSWER_WITHIN_S)
        try:
            self.channel.connect(str(self._path))
        except PermissionError as error:
            raise NotPermitted(
                f"{self._path}: you may not speak to this gateway; expected"
                f" {' or '.join(dict.fromkeys((_owner(self._path), 'root')))}"
            ) from error
        except OSError as error:
            raise NotRunning(
                f"{self._path}: no gateway listens ({error.strerror or error});"
                " expected a running one"
            ) from error
        self.sock = self.channel

    def close(self) -> None:
        super().close()
        self.channel.close()


def _ask(
    connection: _UnixConnection,
    method: str,
    path: str,
    body: object,
    within_s: float = ANSWER_WITHIN_S,
) -> http.client.HTTPResponse:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    data = None if body is None else json.dumps(body).encode()
    connection.connect()
    connection.channel.settimeout(within_s)
    connection.request(method, path, data, headers)
    response = connection.getresponse()
    if response.status >= _FIRST_ERROR:
        raise _refusal(response.status, response.read())
    return response


def _decoded(data: bytes) -> Json:
    try:
        return json.loads(data)
    except ValueError as error:
        raise NoAnswer(f"the gateway answered {data[:40]!r}; expected JSON") from error


def _refusal(status: int, data: bytes) -> Refused | NoAnswer:
    try:
        error = json.loads(data)["error"]
        hint = _USAGE_HINT if error["code"] == _MALFORMED else error.get("hint") or Refused.hint
        return Refused(str(error["message"]), str(hint))
    except (ValueError, LookupError, TypeError):
        return NoAnswer(f"the gateway answered with status {status}; expected a JSON answer")


def _owner(path: Path) -> str:
    for place in (path, path.parent):
        try:
            return pwd.getpwuid(place.stat().st_uid).pw_name
        except (OSError, KeyError):
            continue
    return "that runs it"
