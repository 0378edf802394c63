"""What is asked of the service that decides about requests, as annotations of an Ingress or options say it → IR.

Must not know where it was written: an Ingress and the ConfigMap of the whole gateway may say the same things.
"""

from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from gateway.ir.filters import External, Header, Kept, KeptAlive
from gateway.ir.ids import BackendId

KEPT: Final = (Kept(300_000, (200, 202, 401)),)  # ingress-nginx's default


class Place(Struct, frozen=True):
    """Where the service is. No backend: on the request's own host. `host` and `target` are texts."""

    backend: BackendId | None
    host: str
    target: str
    tls: bool = False
    server_name: str = ""


class ExternalAsked(Struct, frozen=True):
    """Without a place nobody is asked. `broken`: something of it cannot be read, so that nobody may pass."""

    place: Place | None = None
    method: str = ""
    signin: str = ""
    signin_param: str = "rd"
    response_headers: tuple[str, ...] = ()
    redirect: str = ""
    headers_in: str = ""  # the ConfigMap
    headers: tuple[Header, ...] = ()  # what it came to
    always_set_cookie: bool = False
    cache_key: str = ""
    kept: tuple[Kept, ...] = KEPT
    connections: int = 0  # that are kept; 0: as many as to backends, and for as long
    requests: int = 1_000
    idle_s: int = 60
    broken: bool = False

    @property
    def external(self) -> External | None:
        place = self.place
        if place is None:
            return None
        return External(
            host=place.host,
            target=place.target,
            backend=place.backend,
            tls=place.tls,
            server_name=place.server_name,
            method=self.method,
            redirect=self.redirect,
            request_headers=self.headers,
            response_headers=self.response_headers,
            signin=_with_return(self.signin, self.signin_param) if self.signin else "",
            always_set_cookie=self.always_set_cookie,
            cache_key=self.cache_key,
            kept=self.kept if self.cache_key else (),
            alive=KeptAlive(self.connections, self.requests, self.idle_s * 1_000) if self.connections else None,
        )


def _with_return(signin: str, param: str) -> str:
    """With a parameter that leads back to the request, unless its author has set that himself."""
    page, mark, query = signin.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name == param and value for name, value in pairs):
        return signin
    back = f"{param}=$pass_access_scheme://$http_host$escaped_request_uri"
    return f"{signin}&{back}" if pairs else f"{page}{mark or '?'}{back}"
