"""The flags of `control` on a command line: `control` reads them, `run` hands them on as they were given."""

import argparse
from collections.abc import Iterator

from gateway.settings.flags import BOOL, FLAGS
from gateway.settings.legacy import DATAPLANE, LEGACY

EPILOG = """\
Every flag of ingress-nginx is known. Those that are not listed have no effect, which is said once, or are refused.
Each flag of control can be set in the environment as well, for example SALLYGATE_INGRESS_CLASS.
"""


def add_control_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which Ingresses are served, and from where")
    cluster = parser.add_argument_group("a cluster, which is watched where no PATH is given")
    for row in FLAGS:
        place = cluster if row.cluster else group
        if row.many:
            place.add_argument(row.flag, metavar=row.metavar, help=row.help, action="append")
        elif row.metavar == BOOL:
            place.add_argument(row.flag, metavar=BOOL, help=row.help, nargs="?", const="true")
        else:
            place.add_argument(row.flag, metavar=row.metavar, help=row.help)
    for old in LEGACY:
        if old.boolean:
            parser.add_argument(*old.flags, help=argparse.SUPPRESS, nargs="?", const="true")
        else:
            parser.add_argument(*old.flags, help=argparse.SUPPRESS)


def add_data_plane_flags(parser: argparse.ArgumentParser) -> None:
    """Those that ingress-nginx's one process has, for a command that has no listener."""
    for row in DATAPLANE:
        parser.add_argument(row.flag, help=argparse.SUPPRESS)


def given(args: argparse.Namespace) -> Iterator[str]:
    """The flags of control that are in `args`, as words, but `--map`."""
    names = [*((row.attribute, row.flag) for row in FLAGS), *((row.attribute, row.flag) for row in LEGACY)]
    for attribute, flag in names:
        value = getattr(args, attribute)
        if isinstance(value, str):
            yield f"{flag}={value}"


def cluster_flags(args: argparse.Namespace) -> list[str]:
    """Names of those that were given and are about a cluster."""
    return [row.flag for row in FLAGS if row.cluster and getattr(args, row.attribute)]
