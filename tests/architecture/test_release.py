"""One version everywhere."""

import re
from pathlib import Path

import blynk_gateway

ROOT = Path(__file__).parents[2]


def changelog_head(changelog: str) -> str:
    """The version of the first section of a changelog."""
    heads = re.findall(r"^## \[?([^\]\s]+)", changelog, flags=re.MULTILINE)
    return str(heads[0])


def test_version_is_the_head_of_the_changelog() -> None:
    assert changelog_head((ROOT / "CHANGELOG.md").read_text()) == blynk_gateway.__version__


def test_version_is_the_head_of_the_package_changelog() -> None:
    head = (ROOT / "debian" / "changelog").read_text().splitlines()[0]
    assert head.startswith(f"blynk-gateway ({blynk_gateway.__version__}) ")


def test_changelog_head_is_its_first_section() -> None:
    changelog = "# Changelog\n\n## [0.2.0] – 2026-01-01\n\n### Added\n\n## [0.1.0] – 2025-12-01\n"
    assert changelog_head(changelog) == "0.2.0"
