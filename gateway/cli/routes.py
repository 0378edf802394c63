"""`sallygate routes`: what is served, route by route.

Exit codes: 0 told · 2 wrong usage, or nothing could be read.
"""

import argparse

from gateway.cli.listing import add_listing, listing
from gateway.cli.main import Exit, Subparsers


def add_parser(subparsers: Subparsers) -> None:
    add_listing(
        subparsers,
        "routes",
        "One row per route: host, path, type, backend, endpoints, where it is written, what else happens.",
    )


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import few, table, terminal_width  # noqa: PLC0415
    from gateway.survey.routes import Routes, routes  # noqa: PLC0415

    found = listing(args, "routes", Routes, routes)
    if found is None:
        return Exit.USAGE
    if args.output == "json":
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
