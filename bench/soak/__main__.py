"""Runs the gateway under load and faults, and says whether it kept its promises.

python -m bench.soak [--minutes 5] [--devices 500] [--seed 1] [--out build/soak] [--keep]

The daemon runs as it is installed, with devices over TCP, TLS, WebSocket and HTTP, a broker, a
dashboard, rules and a server above. Peers misbehave all the time; faults come at random, but the
same ones in the same order for the same seed. The exit code is 1 if a promise was broken.
"""

import argparse
import asyncio
import os
import platform
import random
import shutil
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path

from bench.soak.plot import panels, picture
from bench.soak.trial import Outcome, soak
from blynk_gateway import __version__

OUT = Path("build/soak")
COLUMNS = 80


def main() -> int:
    """Parse the options, run, and tell."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="of load and faults (5)")
    parser.add_argument("--devices", type=int, default=500, help="well-behaved ones (500)")
    parser.add_argument("--seed", type=int, help="of the faults; random if left out")
    parser.add_argument("--out", type=Path, default=OUT, help=f"for picture and log ({OUT})")
    parser.add_argument("--keep", action="store_true", help="keep the data directories")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed  # noqa: S311 - no secret
    print(
        f"Blynk Gateway {__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs\n{options.devices} devices, {options.minutes:g} min,"
        f" seed {seed}",
        flush=True,
    )
    root = Path(tempfile.mkdtemp(prefix="blynk-gateway-soak-"))
    # The broker gives up root and must be able to read there.
    root.chmod(0o755)
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {line}", flush=True)

    options.out.mkdir(parents=True, exist_ok=True)
    try:
        outcome = asyncio.run(soak(root, options.devices, 60 * options.minutes, seed, tell))
    finally:
        log = root / "gateway" / "gateway.log"
        if log.exists():
            shutil.copy(log, options.out / "gateway.log")
        if options.keep:
            print(f"The data are in {root}")
        else:
            shutil.rmtree(root)
    title = (
        f"Blynk Gateway {__version__}: {options.devices} devices, {options.minutes:g} min,"
        f" seed {seed}"
    )
    (options.out / "soak.svg").write_text(drawn(outcome, title))
    print(summary(outcome))
    print(f"Picture and log are in {options.out}.")
    return 0 if outcome.is_good else 1


def drawn(outcome: Outcome, title: str) -> str:
    """The picture of a soak."""
    began = outcome.began
    judged = (outcome.judged_from - began, outcome.judged_to - began)
    shown = panels(outcome.samples, outcome.ledger.pings, began)
    return picture(title, shown, outcome.ledger.windows, began, judged)


def summary(outcome: Outcome) -> str:
    """What a soak gave, in 80 columns."""
    ledger = outcome.ledger
    faults = Counter(window.kind for window in ledger.windows)
    told = [
        f"{ledger.messages:,} messages over {ledger.connections:,} connections.",
        f"Faults: {_counted(faults)}.",
        f"Peers that misbehaved: {_counted(ledger.did)}.",
    ]
    lines = [""]
    for text in told:
        lines += textwrap.wrap(text, COLUMNS)
    lines.append("")
    for verdict in outcome.verdicts:
        mark = "kept   " if verdict.is_kept else "BROKEN "
        lines.append(f"{mark} {verdict.promise}")
        lines += textwrap.wrap(
            verdict.told, COLUMNS, initial_indent=" " * 8, subsequent_indent=" " * 8
        )
    broken = sum(not one.is_kept for one in outcome.verdicts)
    lines.append(f"\n{len(outcome.verdicts) - broken} promises kept, {broken} broken.")
    return "\n".join(lines)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
