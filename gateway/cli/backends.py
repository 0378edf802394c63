"""`sallygate backends`: where requests go.

Exit codes: 0 told · 2 wrong usage, or nothing could be read.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "backends",
        help=COMMANDS["backends"].help,
        description="One row per Service port: its endpoints, how one is chosen, and which objects lead to it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_flags(parser)
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="form (default: table)")


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import InputError, document, print_json, say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import few, table, terminal_width  # noqa: PLC0415
    from gateway.survey.asking import Asked  # noqa: PLC0415
    from gateway.survey.backends import Backends, backends  # noqa: PLC0415

    try:
        found = document(
            args, Asked("backends", args.namespace), Backends, lambda standing: backends(standing, args.namespace)
        )
    except InputError as error:
        say(str(error))
        return Exit.USAGE
    if args.output == "json":
        print_json(found)
        return Exit.DONE
    rows = [
        (
            f"{one.namespace}/{one.service}:{one.port}",
            few(one.endpoints, 4) or "none: 503",
            one.balance,
            str(one.routes),
            few([str(each) for each in one.objects]),
        )
        for one in found.backends
    ]
    print(table(("BACKEND", "ENDPOINTS", "BALANCE", "ROUTES", "USED BY"), rows, terminal_width()))
    return Exit.DONE
