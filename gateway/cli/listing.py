"""What the commands have in common that list one kind of thing as a table or as JSON."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from gateway.cli.main import COMMANDS, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags

if TYPE_CHECKING:  # neither is needed for --help
    from msgspec import Struct

    from gateway.survey.standing import Standing

Name = Literal["routes", "backends", "certs"]
D = TypeVar("D", bound="Struct")


def add_listing(subparsers: Subparsers, name: Name, description: str) -> None:
    parser = subparsers.add_parser(
        name,
        help=COMMANDS[name].help,
        description=description,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_flags(parser)
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="form (default: table)")


def listing(args: argparse.Namespace, name: Name, kind: type[D], make: "Callable[[Standing, str], D]") -> D | None:
    """What `make` finds in the namespace that is asked for, printed already where JSON is wanted. None where nothing
    could be read, which has then been said.
    """
    from gateway.cli.answers import InputError, document, print_json, say  # noqa: PLC0415 -- not needed for --help
    from gateway.survey.asking import Asked  # noqa: PLC0415

    try:
        found = document(args, Asked(name, args.namespace), kind, lambda standing: make(standing, args.namespace))
    except InputError as error:
        say(str(error))
        return None
    if args.output == "json":
        print_json(found)
    return found
