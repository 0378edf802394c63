"""The page of commands is that of their parsers."""

from pathlib import Path

from gateway.cli.docs import page
from gateway.cli.main import COMMANDS

PAGE = Path(__file__).parents[3] / "docs/reference/commands.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text() == page(), "run `python -m gateway.cli.docs > docs/reference/commands.md`"


def test_every_command_that_is_shown_is_on_it_and_no_machine_is() -> None:
    text = page()
    for name, row in COMMANDS.items():
        assert (f"\n## sallygate {name}\n" in text) is not row.hidden
    assert ", here " not in text
