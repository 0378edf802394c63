"""Variables in texts, as nginx writes them: which there are, and what is wrong with a text.

The data plane fills them in; a test holds this list and its own together.
"""

import re
from typing import Final

NAMES: Final = frozenset(
    (
        "args",
        "best_http_host",
        "binary_remote_addr",
        "document_uri",
        "escaped_request_uri",
        "host",
        "http_host",
        "ingress_name",
        "is_args",
        "namespace",
        "pass_access_scheme",
        "pass_server_port",
        "query_string",
        "remote_addr",
        "req_id",
        "request_id",
        "request_method",
        "request_uri",
        "scheme",
        "server_name",
        "server_port",
        "server_protocol",
        "service_name",
        "service_port",
        "the_real_ip",
        "uri",
    )
)
FAMILIES: Final = ("http_", "arg_", "cookie_")
_DOLLAR: Final = re.compile(r"\$(?:\{(?P<braced>[^}]*)\}|(?P<digit>[1-9])|(?P<bare>[A-Za-z0-9_]*))", re.ASCII)


def unknown_variable(text: str) -> str | None:
    """The first `$` that names nothing, with what follows it; None if every one does."""
    for found in _DOLLAR.finditer(text):
        name = found["braced"] if found["braced"] is not None else found["digit"] or found["bare"] or ""
        family = any(name.startswith(prefix) and len(name) > len(prefix) for prefix in FAMILIES)
        if not family and name not in NAMES and not re.fullmatch("[1-9]", name):
            return found[0]
    return None
