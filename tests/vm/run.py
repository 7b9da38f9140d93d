"""`make test-vm`: the package on a booted machine, Debian 12 and 13.

Needs root, Debian's qemu, and, for the first run, a Debian mirror that apt knows. Logs and journals
of the guests go to build/vm/. Without --only it makes docs/reference/vm-scenarios.md
anew; of releases and boots that it leaves out, with what was found last.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.vm import guest
from tests.vm.inside.main import chosen
from tests.vm.inside.powering import HANDOVER
from tests.vm.packages import BUILD, ROOT, NoPackage, assemble, build
from tests.vm.results import RELEASES, Result, Run, page

PAGE = ROOT / "docs/reference/vm-scenarios.md"

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "xz": "xz-utils",
    "cpio": "cpio",
    "dpkg-deb": "dpkg",
}
"""Each with its package."""

BOOTS = (("install", False), ("upgrade", True), ("after-cut", True))
"""Each with whether it keeps its disk for the next one, so that those go together."""

_MINUTE_S = 60
_BAD_USAGE = 2


class Progress:
    """Takes what a guest tells, and shows it in lines of at most 80 columns."""

    def __init__(self, release: str) -> None:
        self.results: list[Result] = []
        self.handover = ""
        self._release = release

    def take(self, told: dict[str, Any]) -> None:
        """Take what the guest told."""
        if "scenario" not in told:
            return
        result = Result.of(told)
        self.results.append(result)
        self.handover = told.get("handover", self.handover)
        verdict = "FAILED" if result.error else "ok"
        print(f"{self._release:9} {result.name:22} {verdict:7} {result.seconds:6.1f} s", flush=True)
        for line in result.error.splitlines():
            print(f"          {line}", flush=True)
        for name, fact in result.facts.items():
            print(f"          {name}: {fact}", flush=True)


def main() -> int:
    """Exit status: 0 if everything passed, 1 if something failed, 2 if nothing could run."""
    arguments = _arguments()
    if complaint := _missing():
        sys.stderr.write(complaint + "\n")
        return _BAD_USAGE
    boots = boots_for(arguments.only, arguments.boot)
    if not boots:
        sys.stderr.write(f"There is no scenario {arguments.only}: see tests/vm/inside/main.py.\n")
        return _BAD_USAGE
    releases = arguments.release or list(RELEASES)
    for release in releases:
        if not guest.has_image(release) and not guest.build_image(release):
            sys.stderr.write(
                f"The image of {release} could not be built: see above. It needs the Debian mirror"
                " that apt is set up with, and PyPI.\n"
            )
            return _BAD_USAGE
    try:
        package = arguments.deb or build()
        debs = assemble(package)
    except NoPackage as missing:
        sys.stderr.write(f"{missing}: there is nothing to install.\n")
        return _BAD_USAGE
    print(f"Proving {package.name}; logs go to {BUILD.relative_to(ROOT)}/", flush=True)
    began = time.monotonic()
    results: list[Result] = []
    is_good = True
    for release in releases:
        runs, is_release_good = prove(release, debs, package, boots, arguments.only)
        results += [one for run in runs.values() for one in run.results]
        is_good &= is_release_good
        if not arguments.only:
            for boot, run in runs.items():
                run.save(_kept(release, boot))
    passed = [one for one in results if not one.error]
    print(
        f"{len(passed)} of {len(results)} scenarios passed on"
        f" {', '.join(map(RELEASES.__getitem__, releases))}"
        f" in {(time.monotonic() - began) / _MINUTE_S:.1f} minutes"
    )
    if not arguments.only:
        kept = {one: [_kept(one, boot) for boot, _ in BOOTS] for one in RELEASES}
        PAGE.write_text(
            page({one: [Run.load(path) for path in kept[one] if path.exists()] for one in kept})
        )
    return 0 if is_good and results else 1


def prove(
    release: str, debs: Path, package: Path, boots: Sequence[tuple[str, bool]], only: str
) -> tuple[dict[str, Run], bool]:
    """Boot one release and run what is chosen; returns runs by boot, and whether all is well."""
    progress = Progress(release)
    runs: dict[str, Run] = {}
    is_good = True
    environment = {"ONLY": _asked(only), "HOST_LOOP_S": f"{_loop_s():.6f}"}
    with tempfile.TemporaryDirectory(dir=BUILD) as kept:
        for name, is_kept in boots:
            boot = guest.Boot(release, name, debs, Path(kept) / "disk.qcow2" if is_kept else None)
            if name == "after-cut":
                if not progress.handover:
                    continue
                environment |= {"ONLY": "", HANDOVER: progress.handover}
            before = len(progress.results)
            status, took_s = boot.run(progress.take, environment)
            runs[name] = Run(_made(package, name, took_s), progress.results[before:])
            print(
                f"{release:9} boot `{name}` took {took_s:.0f} s, exit status {status}", flush=True
            )
            if status != 0 and not any(one.error for one in progress.results):
                print(_tail(BUILD / f"{release}-{name}" / "output.txt"), flush=True)
            is_good &= status == 0
    return runs, is_good and not any(one.error for one in progress.results)


def _tail(log: Path) -> str:
    return "\n".join(f"          {line}" for line in log.read_text().splitlines()[-20:])


def boots_for(only: str, boot: str = "") -> list[tuple[str, bool]]:
    """The boots in which a scenario runs; all of them if `only` is empty.

    Args:
        boot: this one alone, with those that share its disk.
    """
    if boot:
        return [one for one in BOOTS if one[1] == dict(BOOTS)[boot]]
    asked = _asked(only)
    return [
        (name, is_kept)
        for name, is_kept in BOOTS
        if chosen(name, asked) or (asked == "power-cut" and name == "after-cut")
    ]


def _asked(only: str) -> str:
    # The cut and what is found after it are one.
    return "power-cut" if only == "after-power-cut" else only


def _kept(release: str, boot: str) -> Path:
    return BUILD / f"{release}-{boot}.json"


def _loop_s() -> float:
    """What the guest measures too, to tell how many times slower it is."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        sum(number * number for number in range(1_000_000))
        times.append(time.perf_counter() - began)
    return min(times)


def _made(package: Path, boot: str, took_s: float) -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607  found as make finds it
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    minutes = f"{took_s / _MINUTE_S:.0f} minutes"
    return f"boot `{boot}`: `{package.name}` of commit {commit}, {minutes} on {os.cpu_count()} CPUs"


def _missing() -> str:
    """Why nothing can run; empty if nothing is missing."""
    if os.geteuid() != 0:
        return "make test-vm builds disk images and needs root: sudo make test-vm"
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        return f"Tools are missing. Install them: sudo apt install {' '.join(missing)}"
    return ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.vm.run", description=__doc__)
    parser.add_argument(
        "--release", action="append", choices=list(RELEASES), help="one release; else both"
    )
    parser.add_argument(
        "--only", default="", metavar="NAME", help="one scenario, and what it needs"
    )
    parser.add_argument(
        "--boot", default="", choices=["install", "upgrade"], help="one boot of each release"
    )
    parser.add_argument(
        "--deb", type=Path, metavar="FILE", help="a package; else `make deb` builds it"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
