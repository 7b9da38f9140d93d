"""Pages that lead nowhere are worse than no pages."""

from pathlib import Path

from tests.architecture import rules

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]


def test_links_between_pages_of_the_docs_lead_somewhere() -> None:
    assert PAGES
    assert [broken for page in PAGES for broken in rules.broken_links(page)] == []


def test_link_rule_sees_a_page_that_is_not_there(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md#top) [gone](gone.md) [web](https://example.org/) [up](#top)")
    assert rules.broken_links(page) == ["page.md: gone.md"]


def test_docs_list_every_decision_record() -> None:
    records = ROOT / "docs/adr"
    index = (records / "README.md").read_text()
    names = [page.name for page in records.glob("[0-9]*.md")]
    assert names
    assert [name for name in names if f"]({name})" not in index] == []
