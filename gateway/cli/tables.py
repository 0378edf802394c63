"""Tables for a terminal. Text only, no I/O but for the terminal's width."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Final

GAP: Final = "  "
NARROWEST: Final = 16  # the last column is never cut to less
COLOURS: Final = {"error": "31", "warning": "33", "info": "36", "ok": "32", "bold": "1", "dim": "2"}


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Columns below each other. With `width` the last one is cut so that no line is longer."""
    lines = [tuple(headings), *(tuple(map(plain, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    if width is not None and widths:
        taken = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(NARROWEST, width - taken))
    return "\n".join(GAP.join(_cells(line, widths)).rstrip() for line in lines)


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    last = len(widths) - 1
    return [
        cut(text, width) if at == last else text.ljust(width)
        for at, (text, width) in enumerate(zip(line, widths, strict=True))
    ]


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def plain(text: str) -> str:
    """Names come from manifests: nothing in them may move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def terminal_width() -> int | None:
    """None where stdout is no terminal: what is piped is never cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def painted(text: str, colour: str) -> str:
    """In colour where stdout is a terminal and NO_COLOR does not say otherwise."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def few(texts: Sequence[str], count: int = 2) -> str:
    """The first ones, and how many more there are."""
    shown = ", ".join(texts[:count])
    return f"{shown} +{len(texts) - count}" if len(texts) > count else shown
