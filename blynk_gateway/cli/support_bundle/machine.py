"""Facts of the machine, its system and the gateway's process."""

import importlib.metadata
import os
import platform
import resource
import shutil
import sqlite3
import ssl
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blynk_gateway import __version__
from blynk_gateway.cli.doctor.account import group_of, user_name
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.support_bundle.part import as_json

LIBRARIES = (
    "aiohttp",
    "aiosqlite",
    "apprise",
    "asyncpg",
    "cryptography",
    "gpiozero",
    "lgpio",
    "paho-mqtt",
    "pyarrow",
    "PyYAML",
    "segno",
)

_MEMORY = ("MemTotal", "MemFree", "MemAvailable", "SwapTotal", "SwapFree", "Dirty", "Writeback")
_PROCESS = ("State", "Threads", "FDSize", "VmPeak", "VmSize", "VmHWM", "VmRSS", "VmSwap", "Groups")

_NODES = ("gpiochip*", "gpiomem*", "i2c-*", "spidev*", "serial*", "ttyAMA*", "ttyS0", "ttyUSB*")

_CONFIG_TXT = ("boot/firmware/config.txt", "boot/config.txt")
_CONFIG_WORDS = ("dtparam", "dtoverlay", "gpio", "enable_uart", "core_freq", "[")
"""What has to do with lines and buses."""


def about(case: Case) -> str:
    """Versions, system and board."""
    return as_json(
        {
            "version": __version__,
            "python": sys.version,
            "executable": sys.executable,
            "package": str(Path(__file__).parents[2]),
            "libraries": {name: _version(name) for name in LIBRARIES},
            "sqlite": sqlite3.sqlite_version,
            "openssl": ssl.OPENSSL_VERSION,
            "system": _release(case),
            "kernel": f"{platform.release()} {platform.version()}",
            "architecture": platform.machine(),
            "board": _text(case, "proc/device-tree/model").strip("\0"),
            "processors": os.cpu_count(),
            "uptime": _text(case, "proc/uptime"),
            "load": _text(case, "proc/loadavg"),
            "now_ms": case.clock.now_ms(),
            "asked_as": user_name(os.geteuid()),
            "configuration": str(case.config),
            "data_dir": str(case.data_dir),
            "daemon": case.daemon,
            "daemon_user": case.account.name,
        }
    )


def resources(case: Case) -> str:
    """Memory, disk and limits, of the machine and of the gateway's process."""
    memory = _fields(_text(case, "proc/meminfo"))
    return as_json(
        {
            "memory": {name: memory[name] for name in _MEMORY if name in memory},
            "disk": _disk(case),
            "process": _process(case) if case.daemon else None,
            "limits_of_this_command": {
                name: resource.getrlimit(getattr(resource, name))
                for name in ("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE")
            },
        }
    )


def hardware(case: Case) -> str:
    """Device nodes with who may use them, chips, sensors of the kernel, and `config.txt`."""
    dev = case.at("/dev")
    return as_json(
        {
            "nodes": {
                node.name: _access(node) for form in _NODES for node in sorted(dev.glob(form))
            },
            "gpio_chips": _names(case, "sys/bus/gpio/devices"),
            "i2c": {
                name: _text(case, f"sys/bus/i2c/devices/{name}/name")
                for name in _names(case, "sys/bus/i2c/devices")
            },
            "spi": _names(case, "sys/bus/spi/devices"),
            "one_wire": _names(case, "sys/bus/w1/devices"),
            "iio": _names(case, "sys/bus/iio/devices"),
            "config_txt": list(_config_txt(case)),
        }
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _release(case: Case) -> str:
    for line in _text(case, "etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return ""


def _text(case: Case, path: str) -> str:
    """What a small file holds; empty where there is none."""
    try:
        return case.at(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def _names(case: Case, path: str) -> list[str]:
    try:
        return sorted(one.name for one in case.at(path).iterdir())
    except OSError:
        return []


def _access(node: Path) -> str:
    try:
        status = node.stat()
        return f"{stat.filemode(status.st_mode)} {user_name(status.st_uid)} {group_of(node)}"
    except OSError as error:
        return str(error.strerror)


def _disk(case: Case) -> dict[str, Any]:
    place = next(one for one in (case.data_dir, *case.data_dir.parents) if one.exists())
    total, used, free = shutil.disk_usage(place)
    system = os.statvfs(place)
    return {
        "of": str(place),
        "bytes": total,
        "used_bytes": used,
        "free_bytes": free,
        "free_files": system.f_favail,
        "is_read_only": bool(system.f_flag & os.ST_RDONLY),
        "mount": _mount(case, place),
    }


def _mount(case: Case, place: Path) -> str:
    """File system and options of the mount that a path is on."""
    best = ("", "")
    for line in _text(case, "proc/mounts").splitlines():
        device, point, kind, options, *_ = line.split()
        is_above = point == "/" or f"{place}/".startswith(f"{point}/")
        if is_above and len(point) >= len(best[0]):
            best = (point, f"{device} {point} {kind} {options}")
    return best[1]


def _process(case: Case) -> dict[str, Any]:
    place = case.at(f"/proc/{case.daemon}")
    status = _fields(_text(case, f"proc/{case.daemon}/status"))
    return {
        **{name: status[name] for name in _PROCESS if name in status},
        "descriptors": _descriptors(place / "fd"),
        "limits": _text(case, f"proc/{case.daemon}/limits").splitlines(),
        "oom_score": _text(case, f"proc/{case.daemon}/oom_score"),
    }


def _descriptors(directory: Path) -> dict[str, int] | str:
    """How many of each kind: `socket`, `anon_inode`, `pipe`, `file`."""
    kinds: Counter[str] = Counter()
    try:
        for link in directory.iterdir():
            target = str(link.readlink())
            kinds["file" if target.startswith("/") else target.partition(":")[0]] += 1
    except OSError as error:
        return str(error.strerror)
    return dict(sorted(kinds.items()))


def _config_txt(case: Case) -> Iterator[str]:
    text = next(filter(None, (_text(case, path) for path in _CONFIG_TXT)), "")
    for line in map(str.strip, text.splitlines()):
        if line.startswith(_CONFIG_WORDS):
            yield line
