"""Whether answers are compressed, and which."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from gateway.translate.compression import (
    BROTLI_LEVEL_TYPE,
    BROTLI_TYPES,
    BROWSERS,
    GZIP_LEVEL,
    GZIP_TYPES,
    LENGTH,
    TYPES,
)
from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN
from gateway.translate.rules import Rules

_row = partial(Option, family="responses", support=Support.SUPPORTED)
_of_gzip = partial(_row, needs=("use-gzip",))
_of_brotli = partial(_row, needs=("enable-brotli",))


def _set(field: str) -> Callable[[Rules, Any], Rules]:
    def apply(rules: Rules, value: object) -> Rules:
        return replace(rules, compression=replace(rules.compression, **{field: value}))

    return apply


def _browsers(rules: Rules, pattern: str) -> str:
    """What is wrong with the expression; empty: nothing."""
    return rules.check_regex(pattern, True)[0] or ""


ROWS: Final = (
    _row(
        name="use-gzip",
        type=BOOLEAN,
        default="false",
        doc=(
            "Whether answers are compressed for clients that name gzip in Accept-Encoding: with status 200, 403 or "
            "404, not yet coded, for HTTP/1.1."
        ),
        differs="those that say `no-transform` stay as they are, and so do the short pages of the gateway itself",
        apply=_set("gzip"),
    ),
    _of_gzip(
        name="gzip-level", type=GZIP_LEVEL, default="1", doc="How hard gzip tries, 1 to 9.", apply=_set("gzip_level")
    ),
    _of_gzip(
        name="gzip-min-length",
        type=LENGTH,
        default="256",
        doc="The shortest answer that is compressed, if its length is known.",
        apply=_set("gzip_min_length"),
    ),
    _of_gzip(
        name="gzip-types",
        type=TYPES,
        default=" ".join(GZIP_TYPES),
        doc="Content types that are compressed, besides text/html.",
        apply=_set("gzip_types"),
    ),
    _of_gzip(
        name="gzip-disable",
        type=BROWSERS,
        doc="Clients that get no gzip: an expression for their User-Agent.",
        check=_browsers,
        apply=_set("gzip_disable"),
    ),
    _row(
        name="enable-brotli",
        type=BOOLEAN,
        default="false",
        doc="Whether answers are compressed with Brotli for clients that name `br`, as with gzip; it goes before gzip.",
        differs="Vary says so, with `use-gzip` or without",
        apply=_set("brotli"),
    ),
    _of_brotli(
        name="brotli-level",
        type=BROTLI_LEVEL_TYPE,
        default="4",
        doc="How hard Brotli tries, 0 to 11.",
        differs="more than 6 counts as 6, and a verdict says so",
        apply=_set("brotli_level"),
    ),
    _of_brotli(
        name="brotli-min-length",
        type=LENGTH,
        default="20",
        doc="The shortest answer that is compressed, if its length is known.",
        apply=_set("brotli_min_length"),
    ),
    _of_brotli(
        name="brotli-types",
        type=TYPES,
        default=" ".join(BROTLI_TYPES),
        doc="Content types that are compressed, besides text/html.",
        apply=_set("brotli_types"),
    ),
)
