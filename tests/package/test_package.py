"""The Debian package, built from the working tree: what is in it, and what its scripts do."""

import re
import shutil
import sqlite3
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from blynk_gateway import __version__
from blynk_gateway.config import Options, effective, load
from blynk_gateway.config.options import Address
from blynk_gateway.history.file.migration import STEPS
from tests.helpers.devices import Peer
from tests.helpers.processes import GatewayProcess

ROOT = Path(__file__).parents[2]
DEBIAN_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
"""Where Debian's tools find Debian's Python, not that of a virtual environment."""

SCRIPTS = ("preinst", "postinst", "prerm", "postrm")

# Debian's names of what pyproject.toml names otherwise than python3-NAME.
DEBIAN_NAMES = {"PyYAML": "python3-yaml"}


class Package(NamedTuple):
    """What the build left."""

    source: Path
    changes: Path
    root: Path
    control: Path

    def field(self, name: str) -> str:
        """A field of the control file."""
        found = re.search(rf"^{name}: (.*)$", (self.control / "control").read_text(), re.MULTILINE)
        assert found is not None
        return found[1]


def run(*command: str | Path, directory: Path = ROOT, **environment: str) -> str:
    """What a program of Debian prints; it has to succeed."""
    done = subprocess.run(
        command,
        cwd=directory,
        env={**DEBIAN_PATH, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
    return done.stdout


def need(*programs: str) -> None:
    """Skip, or fail in CI, where one of them is missing."""
    for program in programs:
        if shutil.which(program, path=DEBIAN_PATH["PATH"]) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    """Build it as `make deb` does, but of the working tree."""
    need("dpkg-buildpackage", "dh", "dh_python3", "git")
    place = tmp_path_factory.mktemp("package")
    source = place / "source"
    names = run("git", "ls-files", "-z", "-co", "--exclude-standard", HOME="/root").split("\0")
    for name in filter(None, names):
        # A name may be listed whose file was just removed.
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    try:
        run("dpkg-buildpackage", "-us", "-uc", directory=source)
    except AssertionError as error:
        if "Unmet build dependencies" in str(error):
            pytest.skip(str(error))
        raise
    (deb,) = place.glob("*.deb")
    run("dpkg-deb", "--raw-extract", deb, place / "root")
    (changes,) = place.glob("*.changes")
    yield Package(source, changes, place / "root", place / "root" / "DEBIAN")
    shutil.rmtree(place)


def test_lintian_has_nothing_to_say(package: Package) -> None:
    need("lintian")
    options = ("--display-info", "--display-experimental", "--pedantic", "--tag-display-limit", "0")
    assert run("lintian", "--allow-root", *options, package.changes) == ""


def test_everything_is_where_it_belongs(package: Package) -> None:
    files = {
        str(path.relative_to(package.root))
        for path in package.root.rglob("*")
        if not path.is_dir() and not path.is_relative_to(package.control)
    }
    units = {path for path in files if "systemd/system/" in path}
    assert units == {
        f"usr/lib/systemd/system/blynk-gateway{kind}"
        for kind in (".service", ".socket", "-backup.service", "-backup.timer")
    }
    assert files >= {
        "etc/blynk-gateway/gateway.yaml",
        "etc/avahi/services/blynk-gateway.service",
        "usr/bin/blynk-gateway",
        "usr/lib/sysusers.d/blynk-gateway.conf",
        "usr/lib/tmpfiles.d/blynk-gateway.conf",
        "usr/lib/python3/dist-packages/blynk_gateway/api/dashboard/vendor/LICENSES.txt",
        "usr/lib/python3/dist-packages/blynk_gateway/history/file/schema/v1.sql",
        "usr/share/bash-completion/completions/blynk-gateway",
        "usr/share/doc/blynk-gateway/NEWS.Debian.gz",
        "usr/share/doc/blynk-gateway/docs/reference/config.md",
        "usr/share/doc/blynk-gateway/examples/gateway.example.yaml",
        "usr/share/man/man1/blynk-gateway.1.gz",
    }
    foreign = {
        path
        for path in files
        if not re.search("blynk.gateway", path) or "/tests/" in path or path.endswith(".sh")
    }
    assert foreign == set()


def test_units_are_those_of_the_tree(package: Package) -> None:
    library = package.root / "usr/lib"
    places = {".sysusers": "sysusers.d", ".tmpfiles": "tmpfiles.d"}
    for unit in (ROOT / "systemd").iterdir():
        if unit.suffix in places:
            installed = library / places[unit.suffix] / f"{unit.stem}.conf"
        else:
            installed = library / "systemd/system" / unit.name
        assert installed.read_bytes() == unit.read_bytes()


def test_the_package_holds_every_file_of_the_python_package(package: Package) -> None:
    installed = package.root / "usr/lib/python3/dist-packages"
    made_from = {"refresh.sh", "lit.entry.js"}
    wanted = {
        str(path.relative_to(package.source))
        for path in (package.source / "blynk_gateway").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in made_from
    }
    found = {
        str(path.relative_to(installed)) for path in (installed / "blynk_gateway").rglob("*.*")
    }
    assert wanted - found == set()


def test_version_is_that_of_the_program(package: Package) -> None:
    assert package.field("Version") == __version__
    assert package.field("Architecture") == "all"


def test_depends_on_what_the_program_depends_on(package: Package) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    wanted = {DEBIAN_NAMES.get(name, f"python3-{name}") for name in names}
    depends = {re.split(r"[ :]", one)[0] for one in package.field("Depends").split(", ")}
    assert depends == wanted | {"python3", "systemd"}
    oldest = project["requires-python"].removeprefix(">=")
    assert f"python3:any (>= {oldest}" in package.field("Depends")


def test_the_configuration_as_installed_sets_nothing_but_the_data_directory() -> None:
    options = load(ROOT / "config/gateway.yaml")
    assert options.warnings == ()
    assert str(options.data_dir) == "/var/lib/blynk-gateway"
    defaults = {setting.key: setting.value for setting in effective(Options())}
    changed = {
        setting.key for setting in effective(options) if setting.value != defaults.get(setting.key)
    }
    assert changed == {"data_dir"}


def test_what_the_configuration_as_installed_offers_works(tmp_path: Path) -> None:
    text = (ROOT / "config/gateway.yaml").read_text()
    path = tmp_path / "gateway.yaml"
    # The # in the first column of an option has its indentation behind; of a sentence, a space.
    path.write_text(re.sub(r"^#(?=[a-z]|  )", "", text, flags=re.MULTILINE))
    options = load(path)
    assert list(options.devices) == ["greenhouse"]
    assert options.mqtt is not None
    assert options.gpio.peripherals


def test_configuration_is_kept_over_an_upgrade(package: Package) -> None:
    assert set((package.control / "conffiles").read_text().split()) == {
        "/etc/avahi/services/blynk-gateway.service",
        "/etc/blynk-gateway/gateway.yaml",
    }


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_clean(package: Package, script: str) -> None:
    need("shellcheck")
    # debhelper's own parts are not ours to judge.
    run("shellcheck", f"debian/blynk-gateway.{script}")
    run("sh", "-n", package.control / script)
    assert "#DEBHELPER#" not in (package.control / script).read_text()


def test_upgrade_restarts_the_service_in_one_step(package: Package) -> None:
    postinst, prerm = ((package.control / name).read_text() for name in ("postinst", "prerm"))
    assert "_dh_action=restart" in postinst
    started = re.findall(r"deb-systemd-invoke \$_dh_action (.*?) >", postinst)
    assert started == ["'blynk-gateway.service'", "'blynk-gateway-backup.timer'"]
    stopping = re.findall(r"if (.*?); then\n(?:\s*#.*\n)?\s*deb-systemd-invoke stop", prerm)
    assert stopping
    assert all('"$1" = remove' in condition for condition in stopping)


def test_the_socket_is_for_those_who_enable_it(package: Package) -> None:
    postinst = (package.control / "postinst").read_text()
    sections = postinst.split("# End automatically added section")
    enabling = [one for one in sections if "helper enable 'blynk-gateway.socket'" in one]
    assert len(enabling) == 1
    # Only where it was enabled before: not at the first installation.
    assert "if deb-systemd-helper debian-installed 'blynk-gateway.socket'; then" in enabling[0]
    assert "helper enable 'blynk-gateway.service'" in postinst


@pytest.mark.parametrize(
    "line", ["", "data_dir: {}", 'data_dir: "{}"   # the stick', "data_dir: '{}'"]
)
@pytest.mark.parametrize("action", ["install", "upgrade"])
def test_a_downgrade_is_refused_before_anything_changes(
    package: Package, tmp_path: Path, line: str, action: str
) -> None:
    where = "/srv/gateway data" if line else "/var/lib/blynk-gateway"
    config = tmp_path / "etc/blynk-gateway/gateway.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(f"server: {{}}\n{line.format(where)}\n")
    path = tmp_path / where[1:] / "gateway.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {len(STEPS)}")
    database.close()
    command = [str(package.control / "preinst"), action, "9.9"]
    run(*command, DPKG_ROOT=str(tmp_path))

    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    database.close()
    done = subprocess.run(
        command, env={**DEBIAN_PATH, "DPKG_ROOT": str(tmp_path)}, capture_output=True, check=False
    )
    assert done.returncode == 1
    complaint = (
        f"blynk-gateway: {where}/gateway.db has schema version {len(STEPS) + 1};"
        f" expected at most {len(STEPS)}."
    )
    assert done.stderr.decode().splitlines()[0] == complaint


@pytest.mark.parametrize("content", [None, b"", b"SQLite", bytes(200)])
def test_a_database_that_is_none_stops_no_installation(
    package: Package, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "var/lib/blynk-gateway/gateway.db"
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    assert run(package.control / "preinst", "install", DPKG_ROOT=str(tmp_path)) == ""


@pytest.fixture
def libraries() -> None:
    """Skip, or fail in CI, where Debian's libraries are not installed."""
    wanted = "import aiohttp, aiosqlite, cryptography, gpiozero, paho.mqtt, segno, yaml"
    there = subprocess.run(["/usr/bin/python3", "-c", wanted], capture_output=True, check=False)
    if there.returncode:
        pytest.skip(f"Debian's libraries are not installed: {there.stderr.decode()[-200:]}")


@pytest.mark.usefixtures("libraries")
async def test_runs_on_the_libraries_of_debian(package: Package, tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path, {"devices": {"shed": {"token": "a" * 32}}})
    installed = package.root / "usr/lib/python3/dist-packages"
    process._program = [
        "env", f"PYTHONPATH={installed}", "/usr/bin/python3",
        str(package.root / "usr/bin/blynk-gateway"),
    ]  # fmt: skip
    async with process:
        assert loaded_by(process.pid) == {"/usr/lib/python3/dist-packages"}
        device = await Peer.connect(Address("127.0.0.1", process.port))
        async with device:
            await device.log_in("a" * 32)


def loaded_by(pid: int) -> set[str]:
    """Where a process has its libraries for Python from."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return set(re.findall(r" (/\S*/(?:dist|site)-packages)/", maps))
