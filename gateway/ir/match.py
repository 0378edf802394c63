"""How a route recognises a path. Paths are compared in their normal form (see `_core/wire/src/path.rs`)."""

from msgspec import Struct


class Exact(Struct, frozen=True, tag="exact"):
    """The whole path, case-sensitive."""

    path: str


class Prefix(Struct, frozen=True, tag="prefix"):
    """The path itself or anything below it, element by element: `/a` matches `/a` and `/a/b`, never `/ab`.

    A trailing slash carries no meaning: `/a/` is stored as `/a`; the root is `/`.
    """

    path: str


class Regex(Struct, frozen=True, tag="regex"):
    """A regular expression of PCRE, before which a `^` stands, as in an nginx location."""

    pattern: str
    ignore_case: bool = True


PathMatch = Exact | Prefix | Regex
