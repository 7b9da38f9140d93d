"""The parts of a support bundle: one that fails or hangs costs only itself."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import GatewayError

MOST_BYTES = 600_000
"""Of one part; all together stay below 5 MB before they are packed."""

ALL_WITHIN_S = 28.0
EACH_WITHIN_S = 12.0


class NotCollected(GatewayError):
    """A part could not be collected."""

    code = "cli.not_collected"
    hint = "Run the command with sudo; if that is what you did, leave the part out."


class Part(NamedTuple):
    """One file of the bundle.

    Attributes:
        name: of the file.
        about: what is in it, a few words.
        collect: makes its text; the latest lines stand at the end.
    """

    name: str
    about: str
    collect: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a part.

    Attributes:
        text: None if there is none.
        fault: why not; or what is missing of it.
    """

    part: Part
    text: str | None
    fault: str = ""


def as_json(document: object) -> str:
    """A JSON document as the text of a part."""
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def collect_all(
    parts: Iterable[Part],
    clean: Callable[[str], str],
    clock: Clock,
    all_within_s: float = ALL_WITHIN_S,
    each_within_s: float = EACH_WITHIN_S,
) -> Iterator[Collected]:
    """Collect one part after another.

    Args:
        clean: takes secrets out of a text, and of what is said of a fault.
        all_within_s: time for all; parts whose turn never comes are left out.
        each_within_s: time for each.
    """
    end = clock.monotonic() + all_within_s
    for part in parts:
        left = min(each_within_s, end - clock.monotonic())
        if left <= 0:
            yield Collected(part, None, "no time was left for it")
        else:
            yield _collected(part, clean, left)


def _collected(part: Part, clean: Callable[[str], str], within_s: float) -> Collected:
    made: list[Collected] = []

    def work() -> None:
        made.append(_tried(part, clean))

    # A thread, as a file system that is gone lets no call return. As a daemon it holds nobody up.
    thread = threading.Thread(target=work, name=f"support bundle {part.name}", daemon=True)
    thread.start()
    thread.join(within_s)
    return made[0] if made else Collected(part, None, f"it took longer than {within_s:g} s")


def _tried(part: Part, clean: Callable[[str], str]) -> Collected:
    try:
        # Between lines, as half a secret would not be known for one; and before it is cleaned,
        # which takes seconds for each megabyte.
        text, fault = _cut(part.collect())
        return Collected(part, clean(text), fault)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return Collected(part, None, clean(f"{place}{error.strerror or error}"))
    except (GatewayError, sqlite3.Error) as error:
        return Collected(part, None, clean(" ".join(str(error).split())))
    except Exception as error:  # noqa: BLE001  the others are wanted all the more
        return Collected(part, None, clean(f"{type(error).__name__}: {error}"))


def _cut(text: str) -> tuple[str, str]:
    """The text and nothing; or its end, and how much that is."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MOST_BYTES:
        return text, ""
    # The end: of a log the latest lines. The first one may be half of one, and goes.
    _, _, rest = data[-MOST_BYTES:].decode("utf-8", "replace").partition("\n")
    return rest, f"only the last {MOST_BYTES // 1000} kB of it"
