"""Where a command that tells gets its answers from: files, a cluster, or a running instance. Standard library only.

The flags are those of `control`, so that the answer is that of a control with the same flags.
"""

import argparse
from pathlib import Path
from typing import Final

from gateway.settings.flags import BOOL, CLUSTER, INGRESS, MAP, WATCH, Flag

OWN: Final = ("watch_namespace",)  # -n says it here

EPILOG: Final = """\
Answers come from the files that are named; else from the running instance that owns --state-dir; else from the cluster
of the kubeconfig. Data goes to stdout, everything else to stderr. NO_COLOR=1 turns colours off.
"""


def add_source_flags(parser: argparse.ArgumentParser, *, positional: bool = True, running: bool = True) -> None:
    if positional:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="manifest, or folder of manifests; - is stdin")
    parser.add_argument(
        "-f", "--file", action="append", metavar="PATH", default=[], help="the same; may be repeated", dest="files"
    )
    where = parser.add_argument_group("from where")
    if running:
        where.add_argument(
            "--state-dir", type=Path, metavar="DIR", help="ask the running instance that owns this folder"
        )
    where.add_argument("-n", "--namespace", metavar="NAME", default="", help="one namespace only")
    where.add_argument("-A", "--all-namespaces", action="store_true", help="all of them (the default)")
    rules = parser.add_argument_group("as control is started")
    for row in (*CLUSTER, *WATCH):
        if row.attribute not in OWN:
            _add(where if row.cluster else rules, row)
    for row in (*INGRESS, MAP):
        _add(rules, row)


def _add(group: "argparse._ArgumentGroup", row: Flag) -> None:
    if row.many:
        group.add_argument(row.flag, metavar=row.metavar, help=row.help, action="append")
    elif row.metavar == BOOL:
        group.add_argument(row.flag, metavar=BOOL, help=row.help, nargs="?", const="true")
    else:
        group.add_argument(row.flag, metavar=row.metavar, help=row.help)


def paths(args: argparse.Namespace) -> list[str]:
    return [*(getattr(args, "paths", None) or []), *args.files]
