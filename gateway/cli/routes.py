"""`sallygate routes`: what is served, route by route.

Exit codes: 0 told · 2 wrong usage, or nothing could be read.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "routes",
        help=COMMANDS["routes"].help,
        description="One row per route: host, path, type, backend, endpoints, where it is written, what else happens.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_flags(parser)
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="form (default: table)")


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import InputError, document, print_json, say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import few, table, terminal_width  # noqa: PLC0415
    from gateway.survey.asking import Asked  # noqa: PLC0415
    from gateway.survey.routes import Routes, routes  # noqa: PLC0415

    try:
        found = document(
            args, Asked("routes", args.namespace), Routes, lambda standing: routes(standing, args.namespace)
        )
    except InputError as error:
        say(str(error))
        return Exit.USAGE
    if args.output == "json":
        print_json(found)
        return Exit.DONE
    rows = [
        (
            one.host,
            one.path,
            one.type,
            one.backend,
            few(one.endpoints),
            one.origin or str(one.object),
            ", ".join(one.notes),
        )
        for one in found.routes
    ]
    headings = ("HOST", "PATH", "TYPE", "BACKEND", "ENDPOINTS", "WRITTEN IN", "NOTES")
    print(table(headings, rows, terminal_width()))
    if not rows:
        say("no routes: no Ingress of ours was found")
    return Exit.DONE
