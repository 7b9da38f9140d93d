"""The command: collects all parts, packs them, and says what is in them and what is not."""

import io
import os
import sqlite3
import tarfile
import textwrap
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import IO

from blynk_gateway import __version__
from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.report import case_of
from blynk_gateway.cli.new_file import new_file, new_path
from blynk_gateway.cli.output import print_json, shown
from blynk_gateway.cli.support_bundle import daemon, machine, programs, settings, storage
from blynk_gateway.cli.support_bundle.cleaning import Cleaner
from blynk_gateway.cli.support_bundle.known_secrets import (
    private_texts_of,
    secrets_of,
    tokens_of,
)
from blynk_gateway.cli.support_bundle.part import Collected, Part, collect_all
from blynk_gateway.core.clock import SystemClock

STEM = "blynk-gateway-support"

_PARTS: tuple[tuple[str, str, Callable[[Case], str]], ...] = (
    ("about.json", "version, libraries, system, board", machine.about),
    ("configuration.yaml", "the options in force, secrets masked", settings.configuration),
    ("health.json", "state of every part, counters", daemon.health),
    ("metrics.txt", "what Prometheus is told", daemon.metrics),
    ("log.txt", "the latest log records, from memory", daemon.records),
    ("journal.txt", "what the units wrote to the journal", programs.journal),
    ("service.txt", "how systemd sees the units", programs.service),
    ("gpio.json", "the Pi's lines and peripherals", daemon.pins_of_the_pi),
    ("hardware.json", "device nodes, buses, config.txt", machine.hardware),
    ("resources.json", "memory, disk, limits, descriptors", machine.resources),
    ("files.txt", "names, sizes, modes in the data directory", storage.files),
    ("database.json", "size, schema, rows, soundness", storage.database),
    ("kernel.txt", "what the kernel said of supply, card, buses", programs.kernel),
    # The last ones may wait for peers.
    ("doctor.txt", "the report of doctor", programs.doctor),
)

_HIDDEN = (
    "Masked: tokens, passwords, all that webhooks and notification services are given, names of"
    " users, the place of the gateway, mail, hardware and public IP addresses. The history, the"
    " database and keys are not in it."
)
_KEPT = (
    "Kept: names of devices, pins, rules, files and servers, addresses of the local network, and"
    " what the log says, which may be values of pins."
)


def support_bundle(arguments: Namespace) -> int:
    """Write the bundle and print what is in it.

    Raises:
        BadTarget: there is a file of that name already.
    """
    clock = SystemClock()
    now_ms = clock.now_ms()
    path = new_path(arguments.file, STEM, now_ms)
    case = case_of(arguments)
    cleaner, doubt = _cleaner(case)
    parts = [Part(name, about, _bound(collect, case)) for name, about, collect in _PARTS]
    with new_file(path) as file:
        _hand_over(file)
        collected = list(collect_all(parts, cleaner.clean, clock))
        _pack(file, collected, doubt, now_ms)
    size = path.stat().st_size
    if arguments.json:
        print_json(
            {
                "file": str(path),
                "bytes": size,
                "warning": doubt,
                "parts": [
                    {
                        "name": one.part.name,
                        "about": one.part.about,
                        "bytes": None if one.text is None else len(one.text.encode()),
                        "fault": one.fault,
                    }
                    for one in collected
                ],
            }
        )
        return 0
    print(f"{shown(str(path))}, {size / 1000:.0f} kB\n")
    print(_contents(collected), end="")
    print()
    for text in (_HIDDEN, _KEPT, doubt):
        if text:
            print(textwrap.fill(text, WIDTH))
    print(f"\nLook through it before you send it:\n  tar -xzOf {shown(str(path))} | less")
    return 0


def _bound(collect: Callable[[Case], str], case: Case) -> Callable[[], str]:
    return lambda: collect(case)


def _cleaner(case: Case) -> tuple[Cleaner, str]:
    """What takes out the secrets, and a warning if not all of them are known."""
    doubts = []
    if case.faults:
        doubts.append("the configuration has faults")
    tokens: frozenset[str] = frozenset()
    try:
        tokens = tokens_of(case.data_dir)
    except (OSError, sqlite3.Error, ValueError, LookupError):
        doubts.append("the database cannot be read")
    doubt = ""
    if doubts:
        doubt = (
            f"Look twice: {' and '.join(doubts)}, so that secrets in it are not known,"
            " and were only searched for by their looks."
        )
    texts = [*secrets_of(case.options), *private_texts_of(case.options.webhooks)]
    return Cleaner(texts, tokens), doubt


def _hand_over(file: IO[bytes]) -> None:
    """Under sudo give the file to whoever asked: it is theirs to look at and to send."""
    owner = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() == 0 and all(number.isdecimal() for number in owner):
        os.fchown(file.fileno(), int(owner[0]), int(owner[1]))


def _pack(file: IO[bytes], collected: Sequence[Collected], doubt: str, now_ms: int) -> None:
    folder = f"{STEM}-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}"
    head = f"Support bundle of Blynk Gateway {__version__}.\n\n"
    texts = (textwrap.fill(text, WIDTH) + "\n" for text in (_HIDDEN, _KEPT, doubt) if text)
    readme = f"{head}{_contents(collected)}\n{''.join(texts)}"
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in (
            ("README.txt", readme),
            *((one.part.name, one.text) for one in collected if one.text is not None),
        ):
            data = text.encode("utf-8", "replace")
            # Without the user's name, which `gettarinfo` would put in.
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), now_ms // 1000, 0o600
            archive.addfile(entry, io.BytesIO(data))


def _contents(collected: Sequence[Collected]) -> str:
    lines = []
    for one in collected:
        size = "-" if one.text is None else f"{len(one.text.encode()) / 1000:.1f} kB"
        lines.append(f"  {one.part.name:<19} {size:>9}  {one.part.about}")
        if one.fault:
            what = "not collected" if one.text is None else "not whole"
            indent = " " * 33
            lines.append(
                textwrap.fill(
                    f"{what}: {shown(one.fault)}",
                    WIDTH,
                    initial_indent=indent,
                    subsequent_indent=indent,
                )
            )
    return "".join(f"{line}\n" for line in lines)
