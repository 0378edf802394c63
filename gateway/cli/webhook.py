"""`sallygate webhook`: answers the API server's admission reviews of Ingresses. Reads no cluster and holds no token.

Exit codes: 0 stopped as asked · 1 could not start · 2 wrong usage.
"""

import argparse
from pathlib import Path

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.settings.flags import BOOL, INGRESS

DESCRIPTION = """\
Judge each Ingress that is created or changed, by the checks of `sallygate validate`, as far as it can be judged on its
own. An error that the last version did not have refuses the change; everything else is a warning for whoever made it.
POST /validate takes reviews, GET /healthz says ok; both over TLS.
"""
NOT_HERE = ("default_ssl_certificate", "default_backend_service")  # they say nothing about an Ingress on its own


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "webhook",
        help=COMMANDS["webhook"].help,
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--tls-cert", type=Path, required=True, metavar="FILE", help="PEM certificate chain; renewed in place"
    )
    parser.add_argument("--tls-key", type=Path, required=True, metavar="FILE", help="its PEM key")
    parser.add_argument("--bind-address", default="0.0.0.0", metavar="A", help="default: %(default)s")  # noqa: S104
    parser.add_argument("--port", type=int, default=9443, metavar="N", help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--warn-only", action="store_true", help="never refuse: errors are warnings, too")
    for row in INGRESS:
        if row.attribute in NOT_HERE:
            continue
        if row.metavar == BOOL:
            parser.add_argument(row.flag, metavar=BOOL, help=row.help, nargs="?", const="true")
        else:
            parser.add_argument(row.flag, metavar=row.metavar, help=row.help)


def main(args: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 -- not needed for --help
    import os  # noqa: PLC0415

    from gateway import app  # noqa: PLC0415
    from gateway.cli.answers import say  # noqa: PLC0415
    from gateway.settings.control import SettingsError, load  # noqa: PLC0415
    from gateway.webhook.judging import judge  # noqa: PLC0415
    from gateway.webhook.server import Certificate, Webhook  # noqa: PLC0415

    try:
        rules = app.rules_alone(load({**vars(args), "state_dir": os.devnull}, os.environ))
        certificate = Certificate(args.tls_cert, args.tls_key)
        webhook = Webhook(lambda raw: judge(raw, rules), deny=not args.warn_only, say=say)
        asyncio.run(webhook.run(args.bind_address, args.port, certificate))
    except SettingsError as error:
        say(str(error))
        return Exit.USAGE
    except OSError as error:
        say(f"webhook: {error.filename or 'cannot start'}: {error.strerror or error}")
        return Exit.FAILED
    return Exit.DONE
