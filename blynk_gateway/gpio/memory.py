"""What outputs must not forget over a stop, a crash or a power cut: one small file.

1. It holds the boot of the machine, whether the daemon stopped cleanly, since when outputs with
   `max_on` are on, and where effects end that run. It is replaced as a whole, so that a power cut
   leaves the old one or the new.
2. It is written only when something in it changed, and by a thread: an SD card takes tens of ms.
3. Within one boot time is told by the monotonic clock, which counts from the boot in every process;
   a wrong wall clock does no harm. Another boot goes by the wall clock.
"""

import asyncio
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any, NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.peripheral import Opening

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_FORMAT = 1


class _Since(NamedTuple):
    """When an output went on: UTC ms, and seconds on the monotonic clock of that boot."""

    boot: str
    monotonic_s: float
    at_ms: int


class _Kept(NamedTuple):
    """What the file of the last run says."""

    boot: str
    is_clean: bool
    since: dict[str, _Since]
    ends: dict[str, PinValue]


class GpioMemory:
    """The file and what is in it.

    Args:
        path: of the file; its directory exists.
        boot_id: a file with an identity of the machine's present boot.
    """

    def __init__(self, path: Path, clock: Clock, boot_id: Path = BOOT_ID) -> None:
        self._path = path
        self._clock = clock
        self._boot_id = boot_id
        self._boot = ""
        self._since: dict[str, _Since] = {}
        self._ends: dict[str, PinValue] = {}
        self._is_running = False
        self._is_dirty = False
        self._is_writing = False
        self._writing: asyncio.Future[None] | None = None
        # Guards the two flags of writing between the loop and the thread that writes.
        self._state_lock = threading.Lock()
        self._file_lock = threading.Lock()

    def load(self) -> Opening:
        """Read what the last run left, and note that the daemon runs. Blocks; not for the loop.

        Returns:
            CRASH if the daemon before this one died without a stop and the machine ran on.
        """
        if self._is_running:
            return Opening.START
        self._boot = _read_boot(self._boot_id)
        kept = self._read()
        opening = Opening.START
        if kept is not None:
            self._since, self._ends = kept.since, kept.ends
            if kept.boot and kept.boot == self._boot and not kept.is_clean:
                opening = Opening.CRASH
        self._is_running = True
        with self._state_lock:
            self._is_dirty = True
        self._write_newest()
        return opening

    def close(self) -> None:
        """Note a clean stop; on disk when this returns. Blocks; not for the loop."""
        if self._is_running:
            self._is_running = False
            with self._state_lock:
                self._is_dirty = True
            self._write_newest()

    def switched_on(self, name: str) -> None:
        """Note that an output is on from now on; if it was so already, that stands."""
        if name not in self._since:
            now_ms, now_s = self._clock.now_ms(), self._clock.monotonic()
            self._since[name] = _Since(self._boot, now_s, now_ms)
            self._changed()

    def switched_off(self, name: str) -> None:
        """Forget since when an output is on."""
        if self._since.pop(name, None) is not None:
            self._changed()

    def on_for_ms(self, name: str) -> int | None:
        """How long an output is on by now, at least 0; None if it is not."""
        since = self._since.get(name)
        if since is None:
            return None
        if since.boot and since.boot == self._boot:
            passed_ms = round((self._clock.monotonic() - since.monotonic_s) * 1000)
        else:
            passed_ms = self._clock.now_ms() - since.at_ms
        return max(0, passed_ms)

    def effect_began(self, name: str, end: PinValue) -> None:
        """Note at which value the effect of an output ends."""
        if self._ends.get(name) != end:
            self._ends[name] = end
            self._changed()

    def effect_ended(self, name: str) -> None:
        """Forget an effect. There need not be one."""
        if self._ends.pop(name, None) is not None:
            self._changed()

    def end_of_effect(self, name: str) -> PinValue | None:
        """The value at which the effect of an output ends; None if it runs none."""
        return self._ends.get(name)

    def _changed(self) -> None:
        with self._state_lock:
            self._is_dirty = True
            if self._is_writing or not self._is_running:
                # Whoever writes sees it; before `load` and after `close` there is nothing to keep.
                return
            self._is_writing = True
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(None, self._write_newest)

    def _write_newest(self) -> None:
        with self._file_lock:
            while True:
                with self._state_lock:
                    if not self._is_dirty:
                        self._is_writing = False
                        return
                    self._is_dirty = False
                    text = self._text()
                try:
                    _replace(self._path, text)
                except OSError as error:
                    log.warning(
                        "state of outputs not written",
                        extra={"file": str(self._path), "reason": error.strerror},
                    )

    def _text(self) -> str:
        held = {
            "format": _FORMAT,
            "boot": self._boot,
            "clean": not self._is_running,
            "on_since": {name: since._asdict() for name, since in self._since.copy().items()},
            "effects": self._ends.copy(),
        }
        return json.dumps(held, indent=1) + "\n"

    def _read(self) -> _Kept | None:
        try:
            return _parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, *_DAMAGE) as error:
            log.warning(
                "state of outputs not readable; they start as after a boot",
                extra={"file": str(self._path), "reason": error},
            )
            return None


_DAMAGE = (ValueError, OverflowError, LookupError, TypeError, AttributeError)


def _parse(text: str) -> _Kept:
    """What a file says.

    Raises:
        One of `_DAMAGE`: it is not one of ours.
    """
    held: Any = json.loads(text)
    return _Kept(
        boot=str(held["boot"]),
        is_clean=held["clean"] is True,
        since={
            # JSON knows numbers that are none: as milliseconds they do not exist.
            str(name): _Since(
                str(one["boot"]), int(one["monotonic_s"] * 1000) / 1000, int(one["at_ms"])
            )
            for name, one in held["on_since"].items()
        },
        ends={str(name): tuple(map(str, end)) for name, end in held["effects"].items()},
    )


def _read_boot(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        # Then no crash is told from a boot, which is the careful side.
        log.warning("boot not known", extra={"file": str(path), "reason": error.strerror})
        return ""


def _replace(path: Path, text: str) -> None:
    """Replace a file so that after a power cut the old or the new one is there, whole."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
