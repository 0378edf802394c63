"""`sallygate explain-code`: what a code of a finding means. Needs no manifest and no cluster.

Exit codes: 0 told · 2 there is no such code.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers

DESCRIPTION = (
    "Say what a code means, what follows from it and why, with an example and what to do. "
    "Without CODE: one line for each."
)


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("explain-code", help=COMMANDS["explain-code"].help, description=DESCRIPTION)
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as GW240")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: text)")


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import print_json, say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import table, terminal_width  # noqa: PLC0415
    from gateway.survey.codes import codes, text  # noqa: PLC0415

    found = codes()
    if args.code is None:
        if args.output == "json":
            print_json(found)
            return Exit.DONE
        rows = [(one.code, one.severity, one.title) for one in found.codes]
        print(table(("CODE", "SEVERITY", "WHAT"), rows, terminal_width()))
        return Exit.DONE
    one = next((one for one in found.codes if one.code == args.code.upper()), None)
    if one is None:
        say(f"there is no code {args.code}; `sallygate explain-code` lists all")
        return Exit.USAGE
    if args.output == "json":
        print_json(one)
    else:
        print(text(one))
    return Exit.DONE
