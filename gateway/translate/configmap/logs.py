"""What is written down."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN

_planned = partial(Option, family="logs", support=Support.PLANNED)
_idle = partial(Option, family="logs", support=Support.NO_EFFECT)
_supported = partial(Option, family="logs", support=Support.SUPPORTED)

ROWS: Final = (
    _planned(
        name="log-format-upstream",
        instead="--access-log-format knows upstreaminfo and json",
        doc="The form of the access log.",
    ),
    _planned(name="log-format-escape-json", default="false", doc="Escapes values as JSON does."),
    _planned(name="log-format-escape-none", default="false", doc="Escapes nothing."),
    _planned(name="log-format-stream", doc="The form of the log of TCP and UDP."),
    _supported(
        name="disable-access-log",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, logged=rules.logged and not value),
        differs="requests that no route takes are in it all the same; `--access-log off` ends it altogether",
        doc="Whether there is no access log.",
    ),
    _supported(
        name="disable-http-access-log",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, logged=rules.logged and not value),
        differs="requests that no route takes are in it all the same; `--access-log off` ends it altogether",
        doc="Whether there is none of HTTP.",
    ),
    _planned(name="disable-stream-access-log", default="false", doc="Whether there is none of TCP and UDP."),
    _planned(
        name="access-log-path",
        default="/var/log/nginx/access.log",
        neutral=("/dev/stdout",),
        instead="give `--access-log FILE`",
        doc="Where it is written.",
    ),
    _planned(
        name="http-access-log-path",
        neutral=("/dev/stdout",),
        instead="give `--access-log FILE`",
        doc="Where that of HTTP is written.",
    ),
    _planned(name="stream-access-log-path", neutral=("/dev/stdout",), doc="Where that of TCP and UDP is written."),
    _idle(name="access-log-params", doc="How nginx buffers it."),
    _planned(
        name="enable-access-log-for-default-backend",
        default="false",
        neutral=("true",),
        differs="they always are",
        doc="Whether requests that no rule takes are in it.",
    ),
    _planned(name="enable-auth-access-log", default="false", doc="Whether requests to auth-url are in it."),
    _planned(name="skip-access-log-urls", doc="Paths that are not in it."),
    _idle(
        name="error-log-path",
        default="/var/log/nginx/error.log",
        neutral=("/dev/stderr",),
        doc="Where errors are written; they go to stderr.",
    ),
    _idle(name="error-log-level", default="notice", doc="How much is told; there is one level."),
    _planned(name="enable-syslog", default="false", doc="Whether logs go to a syslog server."),
    _planned(name="syslog-host", doc="Which one."),
    _planned(name="syslog-port", default="514", doc="Its port."),
    _idle(name="debug-connections", doc="Clients that nginx logs in detail."),
)
