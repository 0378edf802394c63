"""Every command with its flags, read from the parsers themselves, so that nothing is written down twice."""

import argparse
import importlib
from collections.abc import Iterator
from typing import NamedTuple, cast

from gateway.cli.main import COMMANDS, CommandModule


class Option(NamedTuple):
    """`value` is its metavar; empty where it takes none. `choices` are all the values there are, if they are few."""

    flags: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    help: str


class Command(NamedTuple):
    """`words` is how it is called, such as `("migrate", "report")`; `operands` are words that may follow."""

    words: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    operands: tuple[str, ...]


def grammar() -> list[Command]:
    found: list[Command] = []
    for name, row in COMMANDS.items():
        if row.hidden:
            continue
        top = argparse.ArgumentParser(prog="sallygate")
        module = cast(CommandModule, importlib.import_module(row.module))
        module.add_parser(top.add_subparsers())
        found += _commands((name,), _inner(top)[name], row.help)
    return found


def _commands(words: tuple[str, ...], parser: argparse.ArgumentParser, text: str) -> Iterator[Command]:
    inner = _inner(parser)
    plain = [one for one in parser._actions if not isinstance(one, argparse._SubParsersAction)]  # noqa: SLF001
    options = tuple(_option(one) for one in plain if one.option_strings and one.help is not argparse.SUPPRESS)
    choices = [str(each) for one in plain if not one.option_strings for each in one.choices or ()]
    yield Command(words, text, options, (*inner, *choices))
    for name, each in inner.items():
        yield from _commands((*words, name), each, each.description or "")


def _inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]  # noqa: SLF001
    return {name: each for one in actions for name, each in one.choices.items()}


def _option(one: argparse.Action) -> Option:
    takes = one.nargs != 0
    value = str(one.metavar or one.dest.upper()) if takes else ""
    text = (one.help or "") % {"default": one.default} if "%(" in (one.help or "") else one.help or ""
    return Option(tuple(one.option_strings), value, tuple(map(str, one.choices or ())), text)
