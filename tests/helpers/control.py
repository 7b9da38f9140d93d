"""A control socket with canned answers, for tests of the command line alone."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from blynk_gateway.cli.client import CONTROL_SOCKET


@dataclass
class Control:
    """What to answer, and what was asked.

    Attributes:
        answers: "METHOD /path" → status and body; text is sent as it is, else JSON. A missing one
            is answered by 404 in the form of `/api/v1`.
        requests: "METHOD /path" and the decoded body of each request.
    """

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)


@contextmanager
def control_server(data_dir: Path) -> Iterator[Control]:
    """Serve on the control socket of a data directory."""
    control = Control()

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            # A client that only looks whether someone listens sends nothing.
            self.client_address = ("control", 0)
            super().handle()

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            asked = f"{self.command} {self.path}"
            control.requests.append((asked, json.loads(self.rfile.read(size)) if size else None))
            error = {"error": {"code": "x", "message": f"no answer to {asked}", "hint": "Add it."}}
            status, body = control.answers.get(asked, (404, error))
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(BrokenPipeError):
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  likewise
            pass

    data_dir.mkdir(exist_ok=True)
    with socketserver.UnixStreamServer(str(data_dir / CONTROL_SOCKET), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield control
        finally:
            server.shutdown()
            thread.join()
