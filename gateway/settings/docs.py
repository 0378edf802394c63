"""The reference page of flags, made from their tables: `python -m gateway.settings.docs > docs/reference/flags.md`.

A test compares them.
"""

import sys
from collections.abc import Iterator
from typing import Final

from gateway.settings.flags import CLUSTER, ELECTION, INGRESS, MAP, STATUS, WATCH
from gateway.settings.legacy import LEGACY

_HEAD: Final = """\
# Flags of the control plane

<!-- Made by `python -m gateway.settings.docs`. Do not edit. -->

`sallygate control` and `sallygate run` take these; flags of the data plane are in `sallygate dataplane --help`. Each
can be set in the environment as well: `--ingress-class` is `SALLYGATE_INGRESS_CLASS`. A flag wins.

With a PATH, manifests in files are served; without one, a cluster is watched. Names are those of ingress-nginx where it
has the flag, so the arguments of its Deployment can stay.
"""
_LEGACY: Final = """
## Flags of ingress-nginx without effect

A value that asks for what is done anyway is taken without a word, others are told once. Those marked are refused.

| Flag | Taken without a word | Otherwise |
|---|---|---|
"""


def page() -> str:
    groups = (("Which Ingresses", INGRESS), ("Files", (MAP,)), ("Cluster", CLUSTER), ("What is watched", WATCH))
    more = (("Status", STATUS), ("Leader", ELECTION))
    tables = [f"\n## {title}\n\n| Flag | Value | What it does |\n|---|---|---|\n" for title, _ in (*groups, *more)]
    rows = [
        "".join(f"| `{row.flag}` | `{row.metavar}` | {_cell(row.help)} |\n" for row in group)
        for _, group in (*groups, *more)
    ]
    parts = (part for pair in zip(tables, rows, strict=True) for part in pair)
    return "".join((_HEAD, *parts, _LEGACY, *_legacy()))


def _legacy() -> Iterator[str]:
    for row in LEGACY:
        harmless = ", ".join(f"`{value}`" for value in row.harmless if value in ("true", "false") or not row.boolean)
        otherwise = f"**refused**: {row.why}; {row.fix}" if row.fix else row.why
        names = ", ".join(f"`{name}`" for name in row.flags)
        yield f"| {names} | {harmless} | {_cell(otherwise)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
