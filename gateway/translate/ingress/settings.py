"""What the annotations of one Ingress come to. Annotations write it, one field each; `build` reads it."""

from functools import lru_cache
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.policy import Policy, RequestBody, Retries, Timeouts
from gateway.translate.rules import Rules

S = TypeVar("S", bound=Struct)


class Settings(Struct, frozen=True):
    """`closed`: its routes answer 503. `closes_host` names the annotation for which all routes of its hosts do."""

    timeouts: Timeouts
    body_limit_bytes: int
    ssl_redirect: bool
    force_ssl_redirect: bool
    service_upstream: bool
    tries: int
    retries: Retries
    request_body: RequestBody
    http10: bool
    use_regex: bool = False
    rewrite_target: str = ""  # empty is none
    upstream_tls: bool = False
    served: bool = True
    closed: bool = False
    closes_host: str = ""


_POLICY: Final = Policy()


@lru_cache(maxsize=4096)  # thousands of Ingresses share a few policies
def canonical(policy: Policy) -> Policy:
    """The same policy, with the default objects themselves in place of their equals.

    The encoder leaves out a field only if it holds the very object that is its default, and equal policies are to be
    equal byte for byte, however they came about.
    """
    whole = replace(
        policy,
        timeouts=_with_defaults(policy.timeouts, _POLICY.timeouts),
        retries=_with_defaults(policy.retries, _POLICY.retries),
        request_body=_with_defaults(policy.request_body, _POLICY.request_body),
    )
    return _with_defaults(whole, _POLICY)


def _with_defaults(value: S, default: S) -> S:
    if value == default:
        return default
    fields = [(name, getattr(value, name), getattr(default, name)) for name in value.__struct_fields__]
    return replace(value, **{name: standard for name, held, standard in fields if held == standard})


def defaults(rules: Rules) -> Settings:
    return Settings(
        timeouts=rules.timeouts,
        body_limit_bytes=rules.body_limit_bytes,
        ssl_redirect=rules.ssl_redirect,
        force_ssl_redirect=rules.force_ssl_redirect,
        service_upstream=rules.service_upstream,
        tries=rules.tries,
        retries=rules.retries,
        request_body=rules.request_body,
        http10=rules.http10,
    )
