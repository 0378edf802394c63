"""`sallygate validate`: everything that is wrong with manifests or a cluster, by the checks of what serves.

Exit codes: 0 nothing as bad as --fail-on · 1 something is · 2 wrong usage, or something could not be read.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags, paths

DESCRIPTION = """\
Say what is wrong: a code, the object and field, file, line and column, why, and what to write instead. The same
translation as in `run` judges, so that what is accepted here is served, and the other way round. Of manifests in files
nobody expects EndpointSlices: that they are missing is info.
"""
CODES = """\
exit codes:
  0  nothing as bad as --fail-on
  1  something is
  2  wrong usage, or something could not be read

"""
NEVER = "never"


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "validate",
        help=COMMANDS["validate"].help,
        description=DESCRIPTION,
        epilog=CODES + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_flags(parser)
    parser.add_argument(
        "-o", "--output", choices=("table", "json", "github"), default="table", help="form (default: table)"
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", NEVER),
        default="error",
        help="the mildest finding that makes the exit code 1 (default: error)",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="the PATHs are not everything: Services, Secrets and classes that are not there are info only",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="leave out what is info only")


def main(args: argparse.Namespace) -> int:
    from gateway.cli import findings_text  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.answers import InputError, document, print_json, say  # noqa: PLC0415
    from gateway.survey.acceptance import refusals  # noqa: PLC0415
    from gateway.survey.asking import Asked  # noqa: PLC0415
    from gateway.survey.findings import ABSENT, SLICES, Findings, findings  # noqa: PLC0415
    from gateway.verdicts.verdict import Severity  # noqa: PLC0415

    try:
        found = document(
            args,
            Asked("findings", args.namespace),
            Findings,
            lambda standing: findings([*standing.verdicts(), *refusals(standing)], args.namespace),
        )
    except InputError as error:
        say(str(error))
        return Exit.USAGE
    if args.partial:
        found = found.lenient(ABSENT)
    elif paths(args):
        found = found.lenient(SLICES)
    shown = found.without(Severity.INFO) if args.quiet else found
    match args.output:
        case "json":
            print_json(shown)
        case "github":
            print(findings_text.annotations(shown), end="")
        case _:
            print(findings_text.lines(shown), end="")
            say(findings_text.summary(found))
    if found.unread:
        return Exit.USAGE
    return Exit.FAILED if args.fail_on != NEVER and found.worst(Severity(args.fail_on)) else Exit.DONE
