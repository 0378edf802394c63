"""How long connections are kept, and how much may be said on them before a request is whole."""

from msgspec import Struct


class Connections(Struct, frozen=True, omit_defaults=True):
    """Of clients, and of ours to endpoints; for every listener. None: as the data plane was started.

    A change holds for connections that are open, too.
    """

    client_idle_ms: int | None = None  # silence between two requests
    client_requests: int | None = None  # requests on one connection, at least 1
    header_timeout_ms: int | None = None  # a request head, from its first byte
    body_timeout_ms: int | None = None  # silence within a body, or in reading an answer
    request_line_bytes: int | None = None
    head_bytes: int | None = None
    underscores: bool = False  # request headers with an underscore in their name are forwarded
    upstream_idle: int | None = None  # unused connections that a worker keeps in all; 0 is a new one for each request
    upstream_idle_ms: int | None = None  # how long each of them
    upstream_requests: int | None = None  # requests on one connection, at least 1
    upstream_age_ms: int | None = None  # how old it may become
