"""Where clients connect."""

from enum import StrEnum

from msgspec import Struct


class Protocol(StrEnum):
    HTTP = "http"
    HTTPS = "https"


class Listener(Struct, frozen=True):
    """A socket that the data plane was started with (`name`), and the table of hosts that serves it."""

    name: str
    protocol: Protocol
    table: str
