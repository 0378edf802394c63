"""`sallygate backends`: where requests go.

Exit codes: 0 told · 2 wrong usage, or nothing could be read.
"""

import argparse

from gateway.cli.listing import add_listing, listing
from gateway.cli.main import Exit, Subparsers


def add_parser(subparsers: Subparsers) -> None:
    add_listing(
        subparsers,
        "backends",
        "One row per Service port: its endpoints, how one is chosen, and which objects lead to it.",
    )


def main(args: argparse.Namespace) -> int:
    from gateway.cli.tables import few, table, terminal_width  # noqa: PLC0415 -- not needed for --help
    from gateway.survey.backends import Backends, backends  # noqa: PLC0415

    found = listing(args, "backends", Backends, backends)
    if found is None:
        return Exit.USAGE
    if args.output == "json":
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
