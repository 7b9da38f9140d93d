"""What the guest tells, and the page that is made of it."""

import json
from pathlib import Path

from tests.vm.inside import outcome
from tests.vm.results import MARK, Result, Run, page, parse


def told(name: str, error: str = "", **facts: str) -> Result:
    return Result(name, "It holds.", 1.6, error, facts)


def test_host_and_guest_mean_the_same_lines() -> None:
    assert outcome.MARK == MARK
    assert parse("some talk") is None
    line = MARK + json.dumps(
        {"scenario": "kill", "promise": "p", "error": "", "seconds": 2.5, "facts": {"a": "1 s"}}
    )
    found = parse(line)
    assert found is not None
    assert Result.of(found) == Result("kill", "p", 2.5, "", {"a": "1 s"})


def test_page_has_a_column_for_each_release_and_tells_what_failed() -> None:
    text = page(
        {
            "bookworm": [
                Run("one package", [told("install")]),
                Run("a later one", [told("kill", "lost")]),
            ],
            "trixie": [Run("another", [told("install")])],
        }
    )
    assert "- Debian 12, one package\n- Debian 12, a later one\n- Debian 13, another\n" in text
    assert "| scenario | promise | Debian 12 | Debian 13 |" in text
    assert "| install | It holds. | passed, 2 s | passed, 2 s |" in text
    assert "| kill | It holds. | **failed** | not run |" in text


def test_page_puts_the_same_fact_of_both_releases_side_by_side() -> None:
    text = page(
        {
            "bookworm": [Run("", [told("kill", x="1 s")])],
            "trixie": [Run("", [told("kill", x="2 s", y="a|b")])],
        }
    )
    assert "| kill | x | 1 s | 2 s |" in text
    assert "| kill | y |  | a\\|b |" in text


def test_run_is_kept_for_the_page(tmp_path: Path) -> None:
    run = Run("a package", [told("kill", "lost", x="1 s")])
    run.save(tmp_path / "bookworm.json")
    assert Run.load(tmp_path / "bookworm.json") == run
