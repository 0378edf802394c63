"""Certificates that clients must show.

They protect whole hosts, the paths of other Ingresses included, as in ingress-nginx; the oldest Ingress of a host that
names a Secret decides. What cannot be honoured closes the host.
"""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.peers import Verify
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, TEXT, choice
from gateway.translate.ingress.annotations.values_tls import DEPTH, ERROR_PAGE, SUBJECT
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="client-tls", support=Support.SUPPORTED, scope=Scope.SERVER)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, clients=replace(settings.clients, **changed))


ROWS: Final = (
    _supported(
        name="auth-tls-secret",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.HOST,
        doc="The Secret `[namespace/]name`, of the same namespace, with the authorities that client certificates must "
        "come from (`ca.crt`) and what they have revoked (`ca.crl`). Missing or unreadable, it closes the whole host. "
        "A connection that was made for another host, or a session of one, is answered 421; plain HTTP is sent to "
        "https, or else answered 403.",
        apply=lambda settings, value: _with(settings, secret=value),
    ),
    _supported(
        name="auth-tls-verify-client",
        type=choice("on", "off", "optional", "optional_no_ca"),
        risk=Risk.MEDIUM,
        default="on",
        doc="Whether a client must show a certificate (`on`), may (`optional`), may show one of any authority "
        "(`optional_no_ca`), or is not asked for one. Without a good one it is answered 400.",
        apply=lambda settings, value: _with(settings, verify=Verify(value)),
    ),
    _supported(
        name="auth-tls-verify-depth",
        type=DEPTH,
        risk=Risk.LOW,
        default="1",
        doc="The longest chain of a client certificate.",
        apply=lambda settings, value: _with(settings, depth=value),
    ),
    _supported(
        name="auth-tls-error-page",
        type=ERROR_PAGE,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.INGRESS,
        doc="The URL where clients without a good certificate are redirected (302). A path of the host itself closes "
        "the routes.",
        apply=lambda settings, value: _with(settings, error_page=value),
    ),
    _supported(
        name="auth-tls-pass-certificate-to-upstream",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        on_invalid=OnInvalid.INGRESS,
        doc="Whether the backend gets the client certificate, as `ssl-client-cert`. It always gets "
        "`ssl-client-verify`, `ssl-client-subject-dn` and `ssl-client-issuer-dn`, which no client can send itself.",
        apply=lambda settings, value: _with(settings, passes=value),
    ),
    _supported(
        name="auth-tls-match-cn",
        type=SUBJECT,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.HOST,
        doc="A regular expression that is looked for in the subject of client certificates; others are answered 403.",
        apply=lambda settings, value: _with(settings, subject=value),
    ),
)
