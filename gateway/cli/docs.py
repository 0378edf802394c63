"""The reference page of all commands, made from their parsers.

`python -m gateway.cli.docs > docs/reference/commands.md`. A test compares it.
"""

import re
import sys
from collections.abc import Iterator
from typing import Final

from gateway.cli.grammar import Command, Option, grammar
from gateway.cli.main import EPILOG

_HEAD: Final = """\
# Commands

<!-- Made by `python -m gateway.cli.docs`. Do not edit. -->

`sallygate COMMAND --help` says the same. [How to ask](../how-to/ask.md) shows what the commands that only tell are good
for; the flags of `run` and `control` are explained in [flags](flags.md).
"""
_MACHINE: Final = re.compile(r", here \d+")  # the number of CPUs of whoever makes the page


def page() -> str:
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _HEAD
    codes = [line.strip() for line in EPILOG.partition("exit codes:\n")[2].partition("\n\n")[0].splitlines()]
    yield "\nExit codes: " + " · ".join(re.sub(r"\s{2,}", " ", line) for line in codes) + ".\n"
    for command in grammar():
        yield f"\n## sallygate {' '.join(command.words)}\n\n{_sentence(command)}\n"
        options = [option for option in command.options if option.flags[-1] != "--help"]
        if options:
            yield "\n| Flag | What |\n|---|---|\n"
            yield from map(_row, options)


def _sentence(command: Command) -> str:
    text = " ".join(command.help.split())
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _row(option: Option) -> str:
    value = "\\|".join(option.choices) if option.choices else option.value
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    return f"| {flags}{f' {value}' if value else ''} | {_MACHINE.sub('', option.help).replace('|', chr(92) + '|')} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
