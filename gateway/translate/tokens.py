"""Names of headers: which can be written at all, and which are nobody's to set."""

import re
from typing import Final

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}", re.ASCII)
# They say how a message is framed, or belong to one connection. A test compares them with the data plane's.
UNTOUCHABLE: Final = frozenset(
    (
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def is_token(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None


def header_problem(name: str) -> str | None:
    if not is_token(name):
        return f"{name[:60]!r} is not the name of a header"
    if name.lower() in UNTOUCHABLE:
        return f"{name} is not for a configuration to set"
    return None
