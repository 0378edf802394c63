"""What the annotations of one Ingress come to. Annotations write it, one field each; `build` reads it."""

from msgspec import Struct

from gateway.ir.policy import Timeouts
from gateway.translate.rules import Rules


class Settings(Struct, frozen=True):
    """`closed`: its routes answer 503. `closes_host` names the annotation for which all routes of its hosts do."""

    timeouts: Timeouts
    body_limit_bytes: int
    ssl_redirect: bool
    force_ssl_redirect: bool
    service_upstream: bool
    use_regex: bool = False
    rewrite_target: str = ""  # empty is none
    upstream_tls: bool = False
    served: bool = True
    closed: bool = False
    closes_host: str = ""


def defaults(rules: Rules) -> Settings:
    return Settings(
        timeouts=rules.timeouts,
        body_limit_bytes=rules.body_limit_bytes,
        ssl_redirect=rules.ssl_redirect,
        force_ssl_redirect=rules.force_ssl_redirect,
        service_upstream=rules.service_upstream,
    )
