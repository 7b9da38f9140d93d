"""The packages that are made of the one to be proven."""

import subprocess
from pathlib import Path

import pytest

from blynk_gateway.history.file import migration
from tests.vm import packages

MODULE = "usr/lib/python3/dist-packages/blynk_gateway/history/file"


def field(deb: Path, name: str) -> str:
    return subprocess.check_output(["dpkg-deb", "--field", str(deb), name], text=True).strip()  # noqa: S607  Debian's own


def content(deb: Path, path: str, to: Path) -> str:
    subprocess.run(["dpkg-deb", "--extract", str(deb), str(to)], check=True)  # noqa: S607  Debian's own
    return (to / path).read_text()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        "Package: blynk-gateway\nVersion: 1.2.3\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: a test\n"
    )
    (tree / MODULE / "schema").mkdir(parents=True)
    (tree / MODULE / "migration.py").write_text(Path(migration.__file__).read_text())
    deb = tmp_path / "blynk-gateway.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)], check=True)  # noqa: S607  Debian's own
    return deb


def test_previous_and_next_version_are_made_of_the_current_one(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "BUILD", tmp_path / "build")
    debs = packages.assemble(package)
    versions = {deb.stem: field(deb, "Version") for deb in debs.glob("*.deb")}
    assert versions == {"previous": "1.2.3~previous", "current": "1.2.3", "next": "1.2.3+next"}
    for older, newer in (("previous", "current"), ("current", "next")):
        order = ["dpkg", "--compare-versions", versions[older], "lt", versions[newer]]
        assert subprocess.run(order, check=False).returncode == 0
    module = content(debs / "next.deb", f"{MODULE}/migration.py", tmp_path / "next")
    found: dict[str, object] = {"__file__": migration.__file__}
    exec(compile(module, "migration.py", "exec"), found)  # noqa: S102  our own module
    assert found["STEPS"] == (*migration.STEPS, "vnext.sql")
    assert (tmp_path / "next" / MODULE / "schema/vnext.sql").read_text()
    assert content(debs / "previous.deb", f"{MODULE}/migration.py", tmp_path / "previous") == (
        Path(migration.__file__).read_text()
    )


def test_package_whose_steps_are_not_found_is_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "BUILD", tmp_path / "build")
    monkeypatch.setattr(packages, "_STEPS", "NO SUCH LINE")
    with pytest.raises(packages.NoPackage, match="no line with STEPS"):
        packages.assemble(package)
