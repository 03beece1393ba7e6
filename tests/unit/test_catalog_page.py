"""docs/catalog.md: every row once, what looks at it, and what a reader can follow."""

import re

import pytest

from conformance import catalog, catalog_page
from conformance.errors import InputError
from conformance.rows import rows

PAGE = catalog_page.markdown()
ENTRIES = {entry.check.id: entry for entry in catalog.listed()}


@pytest.mark.parametrize("row_id", rows())
def test_a_row_has_one_line_with_its_status(row_id: str) -> None:
    lines = [line for line in PAGE.splitlines() if re.match(rf"\| \[?{row_id}[ \]]", line)]
    assert len(lines) == 1
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", lines[0])[1:-1]]
    assert len(cells) == 8
    if row_id in ENTRIES:
        assert cells[-1] == "implemented"
        assert cells[1] == ENTRIES[row_id].check.statement.replace("|", "\\|")
    else:
        assert cells[-1] == (rows()[row_id].why_no_check or "not written yet")


def test_the_numbers_add_up() -> None:
    assert f"226 properties of tenant isolation are known; {len(ENTRIES)} have a check." in PAGE
    done = [int(found) for found in re.findall(r"^(\d+) of \d+ rows have a check\.$", PAGE, re.MULTILINE)]
    assert sum(done) == len(ENTRIES)


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    heads = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) - anchors == set()


def test_every_link_to_a_file_leads_to_one() -> None:
    links = set(re.findall(r"\]\(\.\./conformance/checks/([^)]+)\)", PAGE))
    assert len(links) == 2 * len(ENTRIES)
    assert [link for link in links if not (catalog.CHECKS / link).is_file()] == []


def test_a_check_is_explained_below_the_tables() -> None:
    _, _, section = PAGE.partition("\n### G01\n")
    section = section.partition("\n### ")[0]
    assert "The allowlist of sources looks at Flux sources only." in section
    assert "- signal: `Ready=False/BuildFailed" in section
    assert "- mutant M02: kustomize-controller runs without --no-remote-bases" in section
    assert "- control: [--no-remote-bases=true](#no-remote-bases)" in section


def test_a_control_shows_its_lines() -> None:
    _, _, section = PAGE.partition("\n### no-remote-bases\n")
    assert "```yaml\npatches:\n" in section.partition("\n### ")[0]


def test_one_area_can_be_written_alone() -> None:
    page = catalog_page.markdown("e")
    assert "## E. Network" in page
    assert "## A." not in page
    with pytest.raises(InputError, match="no area has the letter 'Z'"):
        catalog_page.markdown("Z")
