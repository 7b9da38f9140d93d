"""The stock client as a board has it, in a process of its own."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

from tests.vm.inside.outcome import Failed, within

ANSWER_WITHIN_S = 40.0


class StockClient:
    """blynklib 0.2.6, driven as in the integration tests, while the context is open."""

    def __init__(self, token: str, port: int = 8080) -> None:
        self._command = [
            sys.executable, "-u", "-m", "tests.integration.drivers.blynklib_driver",
            "127.0.0.1", str(port), token,
        ]  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self.events: list[tuple[float, list[object]]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, name="stock client", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tell(self, *command: str) -> None:
        """Have it write, sync or notify: see the driver."""
        process = self._process
        if process is None or process.stdin is None:
            raise Failed("the stock client does not run")
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()

    def connections(self) -> int:
        """How often it has logged in."""
        return sum(event == ["connected"] for _, event in list(self.events))

    def await_login(self, after: float = 0.0, limit_s: float = ANSWER_WITHIN_S) -> float:
        """Seconds from a time to its first login after it.

        Raises:
            Failed: there is none.
        """
        return self._first(lambda event: event == ["connected"], after, limit_s, "it logs in")

    def await_write(self, pin: int, value: str, after: float = 0.0) -> float:
        """Seconds from a time to the arrival of this value for a pin.

        Raises:
            Failed: it does not arrive.
        """

        def is_it(event: list[object]) -> bool:
            return event[0] == "write" and [str(one) for one in event[1:]] == [str(pin), value]

        return self._first(is_it, after, ANSWER_WITHIN_S, f"V{pin} = {value} arrives at the device")

    def _first(
        self, is_it: Callable[[list[object]], bool], after: float, limit_s: float, what: str
    ) -> float:
        def find() -> float | None:
            return next(
                (at for at, event in list(self.events) if at >= after and is_it(event)), None
            )

        return (within(limit_s, find, f"stock client: {what}") or 0.0) - after

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("@ "):
                self.events.append((time.monotonic(), json.loads(line[2:])))
