"""Reads ```console blocks: commands after `$ `, and below each what it is expected to print.

What differs from one machine and run to the next (ports, folders, ids, times) is compared by kind, not by value.
"""

import re
from typing import NamedTuple

FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELLIPSIS = {"…", "..."}  # a line of its own that stands for any number of lines

VOLATILE = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"(?<![\w./-])(?:/[\w.-]+)+"), lambda match: f"/PATH/{match[0].rpartition('/')[2]}"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\bsnapshot [0-9a-f]{6,}"), "snapshot ID"),
    (re.compile(r"\b\d+(?:\.\d+)? ms\b"), "TIME"),
    (re.compile(r"(?<=:)\d{4,5}\b"), "PORT"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:\.\d+)?"), "CLOCK"),
    (re.compile(r"\bpid \d+"), "pid N"),
    (re.compile(r"[ \t]+"), " "),
)


class Command(NamedTuple):
    text: str
    output: tuple[str, ...]


def commands(markdown: str) -> list[Command]:
    """Every command of every console block, in order. A backslash at the end of a line goes on in the next one."""
    found: list[Command] = []
    for block in FENCE.findall(markdown):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            text, *output = piece.replace("\\\n", "").rstrip("\n").split("\n")
            found.append(Command(text.strip(), tuple(output)))
    return found


def normal(line: str) -> str:
    for pattern, replacement in VOLATILE:
        line = pattern.sub(replacement, line)
    return line.strip()


def difference(expected: tuple[str, ...], actual: list[str]) -> str | None:
    """None when the output is as written down, else the first line that is not there, and what came instead."""
    rest = [normal(line) for line in actual if normal(line)]
    anywhere = False
    for line in expected:
        wanted = normal(line)
        if not wanted:
            continue
        if wanted in ELLIPSIS:
            anywhere = True
            continue
        if anywhere and wanted in rest:
            rest = rest[rest.index(wanted) :]
        if not rest or rest[0] != wanted:
            return f"expected: {wanted}\ninstead:  {rest[0] if rest else '(nothing)'}\nall:\n" + "\n".join(actual)
        rest = rest[1:]
        anywhere = False
    return None if not rest or anywhere else f"more than expected: {rest[0]}"


def ports(lines: tuple[str, ...] | list[str]) -> dict[str, str]:
    """The ports that the listener lines name, for putting this run's into the commands of another one."""
    found = (re.match(r"^(http|https|health)\s+https?://[^/\s]+:(\d+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}
