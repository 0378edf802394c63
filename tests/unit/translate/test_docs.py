"""The reference pages are those of the tables."""

from pathlib import Path

import pytest

from gateway.translate.docs import PAGES, all_reasons

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_not_stale(name: str) -> None:
    path = ROOT / "docs/reference" / f"{name}.md"
    assert path.read_text() == PAGES[name](), (
        f"run `python -m gateway.translate.docs {name} > docs/reference/{name}.md`"
    )


def test_every_reason_is_on_its_page() -> None:
    page = PAGES["verdicts"]()
    assert all(page.count(f"| {reason.code} |") == 1 for reason in all_reasons())
