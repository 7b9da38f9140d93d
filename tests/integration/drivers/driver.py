"""What the drivers of stock Python clients share: commands from standard input, events to output.

A command is a JSON array on one line: ["write", pin, value…], ["sync", pin…], ["report", op, pin,
value] for a `dw` or `aw`, ["property", pin, name, value…], ["notify", text], ["tweet", text] and
["email", to, subject, text], which not all of them know. An event
is a line that begins with "@ ", then a JSON array: ["connected"], ["write", pin, value…], and
["direct", op, parameter…] for a frame about direct pins, which these clients take and drop. Other
lines are the client's own talk.
"""

import json
import queue
import sys
import threading

NOTICES = frozenset({"notify", "tweet"})
DIRECT_OPS = frozenset({"pm", "dw", "aw", "dr", "ar"})


def tell(*event: object) -> None:
    """Send an event to the test."""
    sys.stdout.write(f"@ {json.dumps(event)}\n")
    sys.stdout.flush()


class Commands:
    """Commands of the test; the end of standard input ends the process."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> list[str] | None:
        """The next command, or None if there is none yet.

        Raises:
            SystemExit: the test wants no more.
        """
        try:
            line = self._lines.get_nowait()
        except queue.Empty:
            return None
        if not line:
            sys.exit()
        command: list[str] = json.loads(line)
        return command

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._lines.put("")
