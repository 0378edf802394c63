"""The reference page of flags."""

from pathlib import Path

from gateway.settings.docs import page
from gateway.settings.flags import FLAGS

PAGE = Path(__file__).parents[3] / "docs/reference/flags.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text() == page(), f"python -m gateway.settings.docs > {PAGE}"


def test_every_flag_is_on_it() -> None:
    text = page()
    assert all(f"| `{row.flag}` |" in text for row in FLAGS)
