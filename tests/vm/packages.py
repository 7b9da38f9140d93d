"""The Debian packages that the scenarios install, made of the one that is to be proven.

`previous` and `current` differ in their version alone. `next` has a further step of the database's
schema, so that there is something to migrate to and to go back from.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "vm"

_STEP = "vnext.sql"
_STEPS = r"^STEPS: .* = \((.*)\)$"
_MIGRATION = "usr/lib/python3/dist-packages/blynk_gateway/history/file"


class NoPackage(Exception):
    """There is no package to prove."""


def build() -> Path:
    """Build the package of the last commit.

    Raises:
        NoPackage: it failed; why is on standard error.
    """
    if subprocess.run(["make", "--silent", "deb"], cwd=ROOT, check=False).returncode != 0:  # noqa: S607  make is what builds it
        raise NoPackage("`make deb` failed")
    built = list((ROOT / "dist").glob("blynk-gateway_*_all.deb"))
    if not built:
        raise NoPackage("`make deb` left no package in dist/")
    return max(built, key=lambda path: path.stat().st_mtime)


def assemble(package: Path) -> Path:
    """Put the three packages into a folder of their own; returns it."""
    folder = BUILD / "debs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(package, folder / "current.deb")
    _repack(package, folder / "previous.deb", "~previous")
    _repack(package, folder / "next.deb", "+next", has_step=True)
    return folder


def _repack(package: Path, to: Path, suffix: str, *, has_step: bool = False) -> None:
    tree = to.with_suffix("")
    _dpkg_deb("--raw-extract", str(package), str(tree))
    control = tree / "DEBIAN/control"
    control.write_text(
        re.sub(r"^(Version: \S+)$", rf"\1{suffix}", control.read_text(), flags=re.MULTILINE)
    )
    if has_step:
        _add_step(tree / _MIGRATION)
    _dpkg_deb("--root-owner-group", "--build", "-Zxz", "-z1", str(tree), str(to))
    shutil.rmtree(tree)


def _add_step(folder: Path) -> None:
    (folder / "schema" / _STEP).write_text("CREATE TABLE of_the_next_version (id INTEGER);\n")
    module = folder / "migration.py"
    text = module.read_text()
    steps = re.search(_STEPS, text, re.MULTILINE)
    if steps is None:
        raise NoPackage(f"{module} has no line with STEPS; adapt tests/vm/packages.py")
    last = steps.group(1).rstrip(", ")
    module.write_text(text.replace(steps.group(1), f'{last}, "{_STEP}"'))


def _dpkg_deb(*arguments: str) -> None:
    done = subprocess.run(
        ["dpkg-deb", *arguments],  # noqa: S607  Debian's own
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        raise NoPackage(f"dpkg-deb {arguments[0]} failed")
