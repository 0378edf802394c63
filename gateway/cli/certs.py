"""`sallygate certs`: what TLS clients are shown, and until when.

Exit codes: 0 told · 1 a certificate has expired, or a Secret cannot be used · 2 wrong usage, or nothing could be read.
"""

import argparse
from typing import TYPE_CHECKING

from gateway.cli.listing import add_listing, listing
from gateway.cli.main import Exit, Subparsers

if TYPE_CHECKING:
    from gateway.survey.certificates import Certificates


def add_parser(subparsers: Subparsers) -> None:
    add_listing(
        subparsers,
        "certs",
        "One row per certificate, the one that expires first on top; then what is wrong with Secrets.",
    )


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import few, table, terminal_width  # noqa: PLC0415
    from gateway.survey.certificates import Certificates, certificates  # noqa: PLC0415

    found = listing(args, "certs", Certificates, certificates)
    if found is None:
        return Exit.USAGE
    if args.output == "json":
        return _code(found)
    rows = [
        (
            one.secret,
            few(one.names, 3),
            one.not_after,
            f"{one.days:.0f}" if one.days >= 0 else f"{one.days:.0f} (expired)",
            few(one.hosts, 3) + (f" +{one.more_hosts}" if one.more_hosts else "") or "nobody",
        )
        for one in found.certificates
    ]
    print(table(("SECRET", "NAMES", "NOT AFTER", "DAYS", "SHOWN BY"), rows, terminal_width()))
    for trouble in found.troubles:
        place = f"{trouble.origin}: " if trouble.origin else ""
        say(f"{place}{trouble.code} {trouble.object} {trouble.field}: {trouble.reason}; {trouble.fix}")
    return _code(found)


def _code(found: "Certificates") -> int:
    bad = any(one.days < 0 for one in found.certificates) or any(one.severity == "error" for one in found.troubles)
    return Exit.FAILED if bad else Exit.DONE
