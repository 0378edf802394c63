"""`sallygate annotations`: every annotation, or all about one. Needs no manifest and no cluster.

Exit codes: 0 told · 2 there is no such annotation.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers

DESCRIPTION = (
    "Without NAME: one line for each annotation. With NAME: its values, default, scope, and what it does here."
)


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("annotations", help=COMMANDS["annotations"].help, description=DESCRIPTION)
    parser.add_argument("name", nargs="?", metavar="NAME", help="with or without its prefix")
    parser.add_argument("--options", action="store_true", help="the options of the ConfigMap instead")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="form (default: table)")


def main(args: argparse.Namespace) -> int:
    from gateway.cli.answers import print_json, say  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.tables import table, terminal_width  # noqa: PLC0415
    from gateway.survey.registry import entry_text, nearest, registry  # noqa: PLC0415

    found = registry(options=args.options)
    if args.name is None:
        if args.output == "json":
            print_json(found)
            return Exit.DONE
        rows = [
            (one.name, one.support, one.default, one.doc + (f" Here: {one.differs}." if one.differs else ""))
            for one in found.entries
        ]
        print(table(("NAME", "SUPPORT", "DEFAULT", "WHAT IT DOES"), rows, terminal_width()))
        return Exit.DONE
    name = args.name.rpartition("/")[2]
    one = next((one for one in found.entries if one.name == name), None)
    if one is None:
        near = nearest(name, found)
        say(f"there is no {found.what} {name}" + (f"; did you mean {near}?" if near else ""))
        return Exit.USAGE
    if args.output == "json":
        print_json(one)
    else:
        print(entry_text(one))
    return Exit.DONE
