"""The time zone of the gateway: its name, its rule, its offsets, and its wall clock.

Devices ask for local time in several forms (blynk-protocol §4.2); each is a question to `Zone`.
Schedules are written in local time; `instant` says when the wall clock shows it.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self
from zoneinfo import TZPATH, ZoneInfo

from blynk_gateway.errors import ConfigError

LOCALTIME = Path("/etc/localtime")
TIMEZONE = Path("/etc/timezone")

_LOOK_AHEAD_DAYS = 400
"""Every zone that changes at all changes within a year."""

_DAY_S = 86_400


class Zone:
    """One time zone. Instants are UTC milliseconds since 1970.

    Attributes:
        name: IANA name, `Europe/Kyiv`; `UTC` if the system does not say.
        rule: POSIX TZ text, `EET-2EEST,M3.5.0/3,M10.5.0/4`.
    """

    def __init__(self, name: str, info: tzinfo, rule: str) -> None:
        self.name = name
        self.rule = rule
        self._info = info

    @classmethod
    def of(cls, name: str | None) -> Self:
        """The zone of this name, or, with None, the machine's.

        Raises:
            ConfigError: there is no such zone.
        """
        if name is None:
            return cls._of_system()
        try:
            info = ZoneInfo(name)
        except (ValueError, OSError):
            raise ConfigError(
                f"{name[:40]!r} is no time zone; expected a name such as Europe/Berlin"
            ) from None
        except KeyError:
            raise ConfigError(
                f"the time zone {name[:40]!r} is not known here; expected a name such as"
                " Europe/Berlin, or install the system's tzdata package"
            ) from None
        return cls(name, info, _rule_of(_find_file(name)))

    @classmethod
    def _of_system(cls) -> Self:
        for name in _system_names():
            try:
                return cls.of(name)
            except ConfigError:
                continue
        try:
            with LOCALTIME.open("rb") as file:
                return cls("UTC", ZoneInfo.from_file(file, key="localtime"), _rule_of(LOCALTIME))
        except (OSError, ValueError):
            return cls("UTC", UTC, "UTC0")

    def offset_minutes(self, now_ms: int) -> int:
        """Minutes by which local time is ahead of UTC, daylight saving included."""
        return self._offset_minutes(now_ms // 1000)

    def standard_and_dst_minutes(self, now_ms: int) -> tuple[int, int]:
        """Standard offset, and what daylight saving adds to it at this instant."""
        local = self._local(now_ms // 1000)
        dst = _minutes(local.dst())
        return _minutes(local.utcoffset()) - dst, dst

    def iso(self, now_ms: int) -> str:
        """Local time with its offset: `2020-10-06T10:16:26+03:00`."""
        return self._local(now_ms // 1000).isoformat()

    def local_seconds(self, now_ms: int) -> int:
        """The wall clock as seconds since 1970, as if it were UTC (the legacy `rtc`)."""
        return now_ms // 1000 + 60 * self.offset_minutes(now_ms)

    def local(self, now_ms: int) -> datetime:
        """What the wall clock shows then; naive. One hour in autumn comes twice."""
        wall = self._local(now_ms // 1000).replace(tzinfo=None)
        return wall + timedelta(milliseconds=now_ms % 1000)

    def instant(self, wall: datetime) -> int:
        """When the wall clock shows this (naive) for the first time, as UTC ms.

        A time that it skips in spring is the moment of the change: it is late then.
        """
        first = wall.replace(tzinfo=self._info)
        moment = first.astimezone(UTC)
        if moment.astimezone(self._info).replace(tzinfo=None) != wall:
            # PEP 495: of a skipped time the offsets lead to both sides of the change.
            earlier = wall.replace(tzinfo=self._info, fold=1).astimezone(UTC)
            return 1000 * self._find_change(_seconds(earlier), _seconds(moment))
        return 1000 * _seconds(moment) + wall.microsecond // 1000

    def find_next_change(self, after_ms: int, before_ms: int) -> int | None:
        """The first moment with another offset, after the one and not after the other."""
        start, end = after_ms // 1000, before_ms // 1000
        offset = self._offset_minutes(start)
        while start < end:
            stop = min(start + _DAY_S, end)
            if self._offset_minutes(stop) != offset:
                return 1000 * self._find_change(start, stop)
            start = stop
        return None

    def next_changes(self, now_ms: int) -> list[tuple[int, int]]:
        """Up to two coming changes of the offset: UTC seconds and the new offset in minutes."""
        start = now_ms // 1000
        offset = self._offset_minutes(start)
        changes: list[tuple[int, int]] = []
        for end in range(start + _DAY_S, start + _LOOK_AHEAD_DAYS * _DAY_S, _DAY_S):
            new_offset = self._offset_minutes(end)
            if new_offset != offset:
                changes.append((self._find_change(end - _DAY_S, end), new_offset))
                if len(changes) == 2:  # noqa: PLR2004  what the protocol has room for
                    break
                offset = new_offset
        return changes

    def _find_change(self, before: int, after: int) -> int:
        """The first second with the offset of `after`; there is one change in between."""
        offset = self._offset_minutes(after)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset_minutes(middle) == offset:
                after = middle
            else:
                before = middle
        return after

    def _local(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC).astimezone(self._info)

    def _offset_minutes(self, seconds: int) -> int:
        return _minutes(self._local(seconds).utcoffset())


def _system_names() -> list[str]:
    """Names the system may mean, best first: $TZ, /etc/localtime's target, /etc/timezone."""
    names = [os.environ.get("TZ", "").removeprefix(":")]
    # Either may be missing, and a link may lead in a circle.
    with suppress(OSError, RuntimeError):
        _, found, name = str(LOCALTIME.resolve(strict=True)).partition("/zoneinfo/")
        names.append(name if found else "")
    with suppress(OSError, ValueError):
        names.append(TIMEZONE.read_text("ascii").strip())
    return [name for name in names if name]


def _find_file(name: str) -> Path | None:
    paths = (Path(directory) / name for directory in TZPATH)
    return next((path for path in paths if path.is_file()), None)


def _rule_of(path: Path | None) -> str:
    """The last line of a TZif file; source: RFC 8536 §3.3. Empty if it has none."""
    if path is None:
        return ""
    lines = path.read_bytes().rsplit(b"\n", 2)
    return lines[-2].decode("ascii", "replace") if len(lines) == 3 else ""  # noqa: PLR2004  the text stands between two line ends


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1)


def _minutes(offset: timedelta | None) -> int:
    return 0 if offset is None else int(offset.total_seconds()) // 60
