"""`sallygate migrate report`: what becomes of an installation of ingress-nginx here.

Exit codes: 0 everything can move as it is · 1 something needs a change · 2 wrong usage, or something could not be read.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags

DESCRIPTION = """\
For every Ingress and every key of the ConfigMap of the controller: works, works differently (how), or needs a change (
which). The ConfigMap is the one that --configmap names, or the one that looks like it.
"""
CODES = """\
exit codes:
  0  everything can move as it is
  1  something needs a change
  2  wrong usage, or something could not be read

"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("migrate", help=COMMANDS["migrate"].help, description=COMMANDS["migrate"].help)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    report = inner.add_parser(
        "report",
        help="judge manifests or a cluster",
        description=DESCRIPTION,
        epilog=CODES + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_flags(report, running=False)
    report.add_argument(
        "-o", "--output", choices=("table", "markdown", "json", "html"), default="table", help="form (default: table)"
    )


def main(args: argparse.Namespace) -> int:
    import sys  # noqa: PLC0415 -- not needed for --help

    from gateway.cli import migrate_text  # noqa: PLC0415
    from gateway.cli.answers import InputError, print_json, read, say  # noqa: PLC0415
    from gateway.migrate.judge import judge  # noqa: PLC0415
    from gateway.migrate.markdown import markdown  # noqa: PLC0415
    from gateway.migrate.page import page  # noqa: PLC0415

    try:
        with read(args) as standing:
            found = judge(standing, args.namespace)
    except InputError as error:
        say(str(error))
        return Exit.USAGE
    match args.output:
        case "json":
            print_json(found)
        case "markdown":
            sys.stdout.write(markdown(found))
        case "html":
            sys.stdout.write(page(found))
        case _:
            print(migrate_text.text(found), end="")
    say(migrate_text.summary(found))
    for line in found.unread:
        say(line)
    if found.unread:
        return Exit.USAGE
    return Exit.FAILED if found.needs_change else Exit.DONE
