"""What the scenarios told, and the page that is made of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

MARK = "@@ "
"""Begins a line of the guest that is for the host."""

RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13"}


@dataclass
class Result:
    """One scenario on one release."""

    name: str
    promise: str
    seconds: float
    error: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """Of what the guest told."""
        return cls(
            told["scenario"], told["promise"], told["seconds"], told["error"], dict(told["facts"])
        )


def parse(line: str) -> dict[str, Any] | None:
    """What a line of the guest tells the host, None if it tells nothing."""
    if not line.startswith(MARK):
        return None
    told: dict[str, Any] = json.loads(line[len(MARK) :])
    return told


@dataclass
class Run:
    """The scenarios of one boot.

    Attributes:
        made: what was proven, and how long it took.
        results: in the order in which they ran.
    """

    made: str
    results: list[Result]

    def save(self, path: Path) -> None:
        """Keep it for the page."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """What was kept."""
        kept = json.loads(path.read_text())
        return cls(kept["made"], [Result(**one) for one in kept["results"]])


def page(runs: Mapping[str, Sequence[Run]]) -> str:
    """The page of the docs; runs by release, one of each boot."""
    releases = [one for one in RELEASES if runs.get(one)]
    heads = [RELEASES[one] for one in releases]
    found = {
        release: {one.name: one for run in runs[release] for one in run.results}
        for release in releases
    }
    first = {name: one for release in releases for name, one in found[release].items()}
    lines = [
        "# Proof on a booted machine",
        "",
        "Made by `make test-vm`; do not edit. It boots Debian in an emulated Raspberry Pi (real",
        "kernel, systemd, journald, mosquitto; simulated pins, 1-Wire and SPI), installs the",
        "package as a user would, and does to it what befalls a machine that runs for years. How",
        "that works: [tests/vm/machine](../../tests/vm/machine/README.md).",
        "",
        *(f"- {RELEASES[release]}, {run.made}" for release in releases for run in runs[release]),
        "",
        "The machine is emulated in software: what takes a second here takes a fraction on a real",
        "one. Its factor stands with `install`. Times are those of single runs.",
        "",
        *_table(
            ["scenario", "promise", *heads],
            (
                [name, one.promise, *(_verdict(found[release].get(name)) for release in releases)]
                for name, one in first.items()
            ),
        ),
        "",
        "## What was measured",
        "",
        *_table(
            ["scenario", "fact", *heads],
            (
                [name, fact, *(_fact(found[release].get(name), fact) for release in releases)]
                for name in first
                for fact in dict.fromkeys(
                    fact
                    for release in releases
                    if name in found[release]
                    for fact in found[release][name].facts
                )
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def _verdict(result: Result | None) -> str:
    if result is None:
        return "not run"
    return "**failed**" if result.error else f"passed, {result.seconds:.0f} s"


def _fact(result: Result | None, name: str) -> str:
    return "" if result is None else result.facts.get(name, "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [_row(head), _row(["---"] * len(head))]
    lines += [_row([cell.replace("|", "\\|") for cell in row]) for row in rows]
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
