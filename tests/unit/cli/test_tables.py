"""Tables for a terminal."""

import pytest

from gateway.cli import tables


def test_the_last_column_is_cut_to_the_terminal_and_nothing_else_is() -> None:
    text = tables.table(("A", "B"), [("x" * 10, "y" * 100)], width=40)
    assert [len(line) for line in text.splitlines()] == [13, 40]
    assert text.splitlines()[1].startswith("x" * 10 + "  y")
    assert text.endswith("…")


def test_in_a_pipe_nothing_is_cut() -> None:
    assert tables.terminal_width() is None
    assert "y" * 100 in tables.table(("A",), [("y" * 100,)], tables.terminal_width())


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\nb", "a\rb", "a\u202eb"])
def test_no_text_can_move_the_cursor(text: str) -> None:
    assert tables.plain(text) == text.replace(text[1], "�", 1)


def test_few_counts_the_rest() -> None:
    assert tables.few(("a", "b", "c", "d")) == "a, b +2"
    assert tables.few(("a", "b")) == "a, b"
    assert tables.few(()) == ""


def test_colours_only_on_a_terminal_and_never_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables.painted("x", "error") == "x"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert tables.painted("x", "error") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert tables.painted("x", "error") == "x"
