"""What every code of a finding means, in full."""

import textwrap
from typing import Final

from msgspec import Struct

from gateway.translate.docs import all_reasons
from gateway.verdicts.lessons import LESSONS

COLUMNS: Final = 96
SEVERITIES: Final = {
    "error": "An error: what the field asks for is not served. Everything else is.",
    "warning": "A warning: it is served, but not as written.",
    "info": "Worth knowing; nothing is lost.",
}
FAMILIES: Final = (
    ("GW10", "It is said of an object as it was read, before anything is made of it."),
    ("GW11", "It is said of an object as it was read, before anything is made of it."),
    ("GW12", "It is said of a file or a folder of manifests."),
    ("GW20", "It is about which Ingresses are served at all."),
    ("GW21", "It is about the host of a rule."),
    ("GW22", "It is about a path of a rule."),
    ("GW24", "It is about the Service that a route leads to. Whoever refers to the Service is told."),
    ("GW25", "It is about the Service that a route leads to. Whoever refers to the Service is told."),
    ("GW26", "It is about certificates: the Secret that a TLS entry names. Keys are never shown."),
    ("GW27", "It is about certificates: the Secret that a TLS entry names. Keys are never shown."),
    ("GW28", "It is about an annotation; `sallygate annotations NAME` says all about it."),
    ("GW29", "It is about an annotation; `sallygate annotations NAME` says all about it."),
    ("GW30", "It is said by the data plane, which checks everything once more before it serves it."),
    ("GW3", "It is about the options of the whole gateway, in the ConfigMap that a flag names."),
    ("GW4", "It is about an annotation; `sallygate annotations NAME` says all about it."),
    ("GW", "It is about one field of one object."),
)


class Code(Struct, frozen=True):
    """`family` says what codes like it are about, `weight` what its severity means. `example` brings it about, and
    `fix` says what to do.
    """

    code: str
    severity: str
    title: str
    explanation: str
    family: str
    weight: str
    example: str
    fix: str


class Codes(Struct, frozen=True):
    kind: str
    codes: tuple[Code, ...]


def codes() -> Codes:
    return Codes("codes/v1", tuple(_code(*each) for each in _rows()))


def _rows() -> list[tuple[str, str, str, str]]:
    return [(one.code, one.severity.value, one.title, one.explanation) for one in all_reasons()]


def _code(code: str, severity: str, title: str, explanation: str) -> Code:
    family = next(words for start, words in FAMILIES if code.startswith(start))
    return Code(code, severity, title, explanation, family, SEVERITIES[severity], *LESSONS[code])


def text(one: Code) -> str:
    """For a terminal."""
    body = (one.explanation, one.family, one.weight)
    paragraphs = "\n\n".join(textwrap.fill(part, COLUMNS) for part in body if part)
    example = textwrap.indent(one.example, "    ")
    fix = textwrap.fill(one.fix, COLUMNS)
    return (
        f"{one.code} ({one.severity}): {one.title}\n\n{paragraphs}\n\nFor example:\n\n{example}\n\nWhat to do:\n\n{fix}"
    )
