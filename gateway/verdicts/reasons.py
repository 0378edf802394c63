"""The table of everything that `translate` can say about an object. One row per judgement.

Codes are for ever: a row may be reworded, its code is never given to anything else. GW1xx belong to what reads objects
(see `reasons_objects.py`, where there is one), GW2xx to what is made of them.
"""

from typing import Final

from msgspec import Struct

from gateway.verdicts.verdict import ObjectRef, Severity, Verdict

VALUE_LENGTH: Final = 120  # longer values are cut: a verdict is read by a person, and an annotation may hold megabytes


class Reason(Struct, frozen=True):
    """`title` says it in a few words, `explanation` says what follows from it and why it is so."""

    code: str
    severity: Severity
    title: str
    explanation: str

    def verdict(self, subject: ObjectRef, field: str, value: str, reason: str, fix: str) -> Verdict:
        """Where the field was written is filled in when verdicts are handed out, not here."""
        return Verdict(self.code, self.severity, subject, readable(field), readable(value), reason, fix)


def readable(text: str) -> str:
    """Text that is safe and short enough to print."""
    cut = text[:VALUE_LENGTH]
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in cut)
    return shown if len(text) <= VALUE_LENGTH else f"{shown}… ({len(text)} characters)"


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

# === which objects are served ===
BAD_NAME = Reason(
    "GW200",
    _ERROR,
    "name is not a Kubernetes name",
    "The object's name or namespace is not one that an API server would accept, so the object is not served.",
)
OTHER_CLASS = Reason(
    "GW201",
    _INFO,
    "belongs to another controller",
    "The Ingress names a class that is not ours, so it is left alone.",
)
NO_CLASS = Reason(
    "GW202",
    _WARNING,
    "names no class",
    "Neither spec.ingressClassName nor the annotation kubernetes.io/ingress.class is set. Such an Ingress is served "
    "only when watching Ingresses without a class is switched on.",
)
CLASS_MISSING = Reason(
    "GW203",
    _WARNING,
    "IngressClass does not exist",
    "The Ingress names an IngressClass that is not there, so nobody can say whose it is; it is not served.",
)
CLASS_TWICE = Reason(
    "GW204",
    _INFO,
    "class annotation is not read",
    "spec.ingressClassName is set, and then the annotation kubernetes.io/ingress.class has no say.",
)
NOTHING_TO_SERVE = Reason(
    "GW205",
    _WARNING,
    "asks for nothing",
    "The Ingress has neither rules nor a default backend.",
)
CLASSES_UNREAD = Reason(
    "GW206",
    _WARNING,
    "IngressClasses cannot be read",
    "As in ingress-nginx, spec.ingressClassName has no say then: the annotation kubernetes.io/ingress.class decides, "
    "or the name alone with --ingress-class-by-name.",
)
CLASS_PARAMETERS = Reason(
    "GW207",
    _WARNING,
    "parameters of the IngressClass have no effect",
    "Parameters are a ConfigMap in a namespace, with options for the Ingresses of the class. Anything else is not "
    "read, and the Ingresses of the class are served without it.",
)

# === hosts and paths ===
BAD_HOST = Reason(
    "GW210",
    _ERROR,
    "host name is not valid",
    "A host is a DNS name in ASCII without port or trailing dot; `*.` may stand for its first label. The rule is "
    "dropped.",
)
TOO_MANY_ROUTES = Reason(
    "GW211",
    _ERROR,
    "too many routes on one host",
    "The data plane takes a bounded number of routes per host. Those of the youngest Ingresses are dropped.",
)
CATCH_ALL = Reason(
    "GW212",
    _ERROR,
    "what is for every host is not served",
    "With --disable-catch-all, rules without a host and default backends of Ingresses without rules are left out.",
)
BAD_PATH = Reason(
    "GW220",
    _ERROR,
    "path is not valid",
    "A path begins with a slash, has a bounded length and holds no control characters. The path is dropped.",
)
PATH_NEVER_MATCHES = Reason(
    "GW221",
    _ERROR,
    "path can never match",
    "Requests are compared after percent-decoding, merging slashes and resolving dot segments. No request looks like "
    "this path then, so it is dropped.",
)
BAD_PATH_TYPE = Reason(
    "GW222",
    _ERROR,
    "pathType is not known",
    "pathType is one of Exact, Prefix and ImplementationSpecific. The path is dropped.",
)
STRICT_PATH = Reason(
    "GW223",
    _ERROR,
    "path has characters that its pathType does not allow",
    "Exact and Prefix paths hold letters, digits and . _ - / only, so that a regular expression is never taken for a "
    "literal path or the other way round. The path is dropped.",
)
BAD_REGEX = Reason(
    "GW224",
    _ERROR,
    "regular expression is not accepted",
    "It is not a regular expression as PCRE, and so nginx, reads them, or it is too large. The path is dropped.",
)
BACKTRACKING = Reason(
    "GW229",
    _INFO,
    "regular expression is matched by PCRE",
    "Most expressions are matched in time linear in the request. What that cannot express, such as look-around and "
    "back-references, is matched by PCRE, which goes back and tries again: at most 100000 times, 10000 deep and with "
    "1 MiB of memory per match. A request that reaches a limit is answered 500, and no other route is tried. What an "
    "expression means is the same with both.",
)
DUPLICATE_PATH = Reason(
    "GW225",
    _ERROR,
    "path is taken already",
    "Another path with the same host, path and type comes first: the older Ingress wins, and within an Ingress the "
    "earlier path. This one is not served.",
)
REGEX_HOST = Reason(
    "GW226",
    _WARNING,
    "paths are read as regular expressions",
    "Another Ingress on this host uses use-regex or rewrite-target, and that switches every path of the host to "
    "case-insensitive regular expressions that match prefixes, as it does in ingress-nginx.",
)
REGEX_TAKEN_LITERALLY = Reason(
    "GW227",
    _WARNING,
    "path looks like a regular expression and is read literally",
    "Without use-regex or rewrite-target on this host, a path is compared character by character.",
)
MISSING_CAPTURE = Reason(
    "GW228",
    _WARNING,
    "rewrite uses a capture that the path does not have",
    "A capture that does not exist is empty in the rewritten path.",
)

# === backends ===
SERVICE_MISSING = Reason(
    "GW240",
    _ERROR,
    "Service does not exist",
    "Requests for it are answered 503 until it is there.",
)
PORT_MISSING = Reason(
    "GW241",
    _ERROR,
    "Service has no such port",
    "A port is found by its number, then its targetPort, then its name. Requests are answered 503.",
)
NO_ENDPOINTS = Reason(
    "GW242",
    _ERROR,
    "no endpoint is ready",
    "Only endpoints that are ready get requests, or those that end but still serve while none is ready. Until there is "
    "one, the answer is 503.",
)
EXTERNAL_NAME = Reason(
    "GW243",
    _ERROR,
    "ExternalName Service cannot be followed",
    "Names are followed with --disable-svc-external-name=false only, and never to addresses of the gateway's own "
    "machine or link. Requests are answered 503.",
)
NAME_STALE = Reason(
    "GW252",
    _WARNING,
    "name is not resolved any more",
    "The addresses that it had are used on, until it can be resolved again.",
)
BAD_BACKEND = Reason(
    "GW244",
    _ERROR,
    "backend names no Service port",
    "A backend names a Service, and one of its ports by number or by name. Requests are answered 503.",
)
RESOURCE_BACKEND = Reason(
    "GW245",
    _ERROR,
    "resource backends are not supported",
    "A path whose backend is a resource is answered 404, as in ingress-nginx.",
)
TOO_MANY_ENDPOINTS = Reason(
    "GW246",
    _WARNING,
    "too many endpoints",
    "The data plane takes a bounded number of endpoints per backend. The rest, in order of address, get no requests.",
)
BAD_ADDRESS = Reason(
    "GW247",
    _WARNING,
    "endpoint has no usable address",
    "An endpoint needs an IP address and a port from 1 to 65535. It gets no requests.",
)
UPSTREAM_DECIDED = Reason(
    "GW248",
    _WARNING,
    "how a Service is reached is decided by another Ingress",
    "All routes to one Service port share one backend. The oldest Ingress that names it decides about service-upstream "
    "and load-balance.",
)
UPSTREAM_HEADLESS = Reason(
    "GW249",
    _INFO,
    "service-upstream has no effect on this Service",
    "The Service has no cluster IP, so its pods are used directly.",
)

# === TLS ===
SECRET_MISSING = Reason(
    "GW260",
    _ERROR,
    "Secret does not exist",
    "TLS clients are shown the default certificate until it is there; the redirect to https stays on.",
)
SECRET_INCOMPLETE = Reason(
    "GW261",
    _ERROR,
    "Secret holds no certificate",
    "A TLS Secret has the keys tls.crt and tls.key. TLS clients are shown the certificate that it held before, if it "
    "has held one since the control plane started, else the default certificate; the redirect to https stays on.",
)
BAD_CERTIFICATE = Reason(
    "GW262",
    _ERROR,
    "certificate cannot be used",
    "The certificate or its key is unreadable, or they do not belong together. TLS clients are shown the "
    "certificate that the Secret held before, if it has held a good one since the control plane started, else the "
    "default certificate; the redirect to https stays on.",
)
NOT_COVERED = Reason(
    "GW263",
    _ERROR,
    "certificate does not cover the host",
    "Clients would refuse it, so the host is served with the default certificate; the redirect to https stays on.",
)
EXPIRED = Reason(
    "GW264",
    _WARNING,
    "certificate is outside its time of validity",
    "It is shown to clients all the same, as in ingress-nginx; most of them refuse it.",
)
UNUSED_TLS_HOST = Reason(
    "GW265",
    _INFO,
    "TLS entry names a host that no rule serves",
    "A certificate is shown only for hosts that the same Ingress has rules for.",
)
CERTIFICATE_DECIDED = Reason(
    "GW266",
    _WARNING,
    "host has a certificate from another Ingress",
    "The first Ingress with a TLS entry for a host decides its certificate.",
)
SECRET_TYPE = Reason(
    "GW267",
    _INFO,
    "Secret is not of type kubernetes.io/tls",
    "It has the keys of one and is used as one.",
)
CROSSES_NAMESPACE = Reason(
    "GW268",
    _ERROR,
    "reference leaves the namespace",
    "An object may refer only to objects in its own namespace, because nothing says that the other side agrees.",
)
BAD_DEFAULT_CERTIFICATE = Reason(
    "GW269",
    _ERROR,
    "default certificate cannot be used",
    "Hosts without a certificate of their own are served with a self-signed one.",
)
TLS_WITHOUT_HOST = Reason(
    "GW270",
    _INFO,
    "TLS entry has no effect on a rule without host",
    "A certificate is chosen by the name that a client asks for. Names without rules get the default certificate, and "
    "are not redirected to https.",
)
SECRET_UNREAD = Reason(
    "GW271",
    _ERROR,
    "Secret could not be read",
    "Nobody can say whether it exists. TLS clients are shown the default certificate until it can be read; the "
    "redirect to https stays on.",
)

# === annotations ===
UNSUPPORTED = Reason(
    "GW280",
    _WARNING,
    "annotation is not supported yet",
    "The Ingress is served without it.",
)
UNSUPPORTED_CLOSED = Reason(
    "GW281",
    _ERROR,
    "annotation is not supported yet, and its routes are closed",
    "Serving without it could let in requests that it was to keep out, or do the opposite of what it asks for. "
    "So every route that it covers answers 503.",
)
INVALID_IGNORED = Reason(
    "GW282",
    _WARNING,
    "annotation value is not valid",
    "The value is ignored and the default used, as in ingress-nginx.",
)
INVALID_CLOSED = Reason(
    "GW283",
    _ERROR,
    "annotation value is not valid, and its routes are closed",
    "What the annotation protects or decides is unknown, so its routes answer 503.",
)
UNKNOWN_ANNOTATION = Reason(
    "GW284",
    _WARNING,
    "annotation is not known",
    "There is no annotation of this name, in ingress-nginx neither. It has no effect.",
)
EMPTY_ANNOTATION = Reason(
    "GW285",
    _INFO,
    "annotation is empty",
    "An empty value counts as not set, as in ingress-nginx.",
)
ALIAS_NOT_READ = Reason(
    "GW286",
    _INFO,
    "annotation is another name of one that is set",
    "An alias is read only when the annotation's main name is absent.",
)
REMOVED_ANNOTATION = Reason(
    "GW287",
    _WARNING,
    "annotation was removed from ingress-nginx",
    "Current releases of ingress-nginx ignore it in silence. It has no effect here either.",
)
NO_EFFECT = Reason(
    "GW288",
    _INFO,
    "annotation has no effect here",
    "What it adjusts does not exist in this gateway, and nothing is lost without it.",
)
SNIPPET_REFUSED = Reason(
    "GW290",
    _ERROR,
    "configuration snippets are refused",
    "No configuration text is ever taken from an annotation. A snippet may hold access rules, so the routes that it "
    "covers answer 503 instead of being served without them.",
)
VALUE_ADJUSTED = Reason(
    "GW291",
    _WARNING,
    "annotation value is out of bounds",
    "The nearest value within the bounds is used.",
)
HOST_CLOSED = Reason(
    "GW292",
    _ERROR,
    "host is closed by another Ingress",
    "An annotation that protects a whole host is set on another Ingress of this host and cannot be honoured. Serving "
    "these routes without it could let in requests that it was to keep out, so they answer 503.",
)
VALUE_UNSUPPORTED = Reason(
    "GW293",
    _ERROR,
    "annotation value is not supported yet, and its routes are closed",
    "The value is valid in ingress-nginx, but cannot be honoured here. The routes answer 503 instead of doing "
    "something else.",
)
MORE_UNKNOWN = Reason(
    "GW294",
    _WARNING,
    "more unknown annotations",
    "Only the first ones are named one by one.",
)
DEFAULT_PREFIX = Reason(
    "GW295",
    _WARNING,
    "annotation has the default prefix",
    "The gateway was told to read annotations with another prefix, so this one has no effect.",
)
