"""One Ingress on its own → what it asks for: hosts, paths, backends, certificates. Must not know any other Ingress."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.route import Action, Forward, Respond, UpstreamTls
from gateway.objects.ingress import HTTPIngressPath, Ingress, IngressBackend
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate import classes, refs
from gateway.translate.ingress.aliases import names_at, patterns_of
from gateway.translate.ingress.annotations.read import field_of, read_annotations
from gateway.translate.ingress.asked import CanaryAsked
from gateway.translate.ingress.material import read_material
from gateway.translate.ingress.paths import (
    PathClaim,
    PathType,
    Problem,
    judge_regex,
    missing_capture,
    path_problem,
    strict_problem,
)
from gateway.translate.ingress.settings import Settings, external_of
from gateway.translate.names import covers, host_problem, is_object_name
from gateway.translate.order import Seniority
from gateway.translate.rules import Rules
from gateway.verdicts import reasons, reasons_filters
from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import ObjectRef, Verdict

NOT_FOUND: Final = Respond(404)
UNAVAILABLE: Final = Respond(503)
_TYPES: Final = {str(one): one for one in PathType} | {"": PathType.IMPLEMENTATION_SPECIFIC}


class Reference(Struct, frozen=True):
    """A place that names a backend. `port` is the last part of the field that holds its port; empty where the field
    holds all of it.
    """

    backend: BackendId
    field: str
    port: str


class HostClaim(Struct, frozen=True):
    """What one Ingress asks for on one host. `rule` is the first of its rules for it."""

    rule: int
    paths: tuple[PathClaim, ...]


class TlsClaim(Struct, frozen=True):
    """One entry of spec.tls. `certificate` is None where the default one is meant, or the reference is refused."""

    index: int
    hosts: tuple[str, ...]
    certificate: CertificateId | None


class Claims(Struct, frozen=True):
    """`hosts` is empty where the Ingress is not served; then nothing else is claimed, either. `material` are the
    Secrets and ConfigMaps that went into its settings.
    """

    subject: ObjectRef
    seniority: Seniority
    class_name: str
    settings: Settings
    hosts: Mapping[str, HostClaim] = {}
    paths_per_rule: tuple[int, ...] = ()
    default_backend: Action | None = None
    tls: tuple[TlsClaim, ...] = ()
    material: tuple[ObjectKey, ...] = ()
    references: tuple[Reference, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    rules: Rules | None = None  # of its class, where that has any of its own

    @property
    def canary(self) -> bool:
        """Is it there for another Ingress's paths?"""
        return self.settings.canary.enabled

    @property
    def names(self) -> Iterator[str]:
        """Names that its hosts are to have besides, or that are to lead to them."""
        if self.hosts and not self.canary:
            for host in self.hosts:
                yield from names_at(self.settings.aliases, host)
            if self.settings.redirects.www:
                yield from (www_sibling(host) for host in self.hosts if www_sibling(host))


def www_sibling(host: str) -> str:
    """The host with `www.` in front, or without it where it is there; empty where there is none."""
    if not host or host.startswith("*."):
        return ""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def read_claims(ingress: Ingress, view: View, rules: Rules, own: Rules | None = None) -> Claims:
    """`own` are the rules of its class, where that has any."""
    return replace(_Reader(ingress, view, own or rules).read(), rules=own)


def changed_hosts(old: Claims | None, new: Claims | None) -> set[str]:
    """The hosts whose table may differ when one Ingress asks for `new` instead of `old`."""
    if old is None or new is None:
        return {*(_all(old) if old else ()), *(_all(new) if new else ())}
    if _shared(old) != _shared(new):
        return _all(old) | _all(new)
    both = {*old.hosts, *new.hosts}
    changed = {host for host in both if _alone(old, host) != _alone(new, host)}
    return changed | {*old.names, *new.names} if changed else changed


def _all(claims: Claims) -> set[str]:
    """Its hosts, and the names that depend on them."""
    return {*claims.hosts, *claims.names}


def _shared(claims: Claims) -> tuple[object, ...]:
    """What bears on all hosts of an Ingress."""
    return (claims.seniority, claims.settings, claims.default_backend, claims.tls, claims.rules)


def _alone(claims: Claims, host: str) -> tuple[object, ...] | None:
    claim = claims.hosts.get(host)
    if claim is None:
        return None
    return (claim, claims.paths_per_rule[claim.rule] if claims.paths_per_rule else 0)


class _Reader:
    """The state of one reading. Each mistake drops only the rule, path or entry that it is in."""

    def __init__(self, ingress: Ingress, view: View, rules: Rules) -> None:
        self._ingress = ingress
        self._view = view
        self._rules = rules
        meta = ingress.metadata
        self._namespace = meta.namespace
        self._subject = ObjectRef("Ingress", meta.namespace, meta.name)
        self._verdicts: list[Verdict] = []
        self._references: list[Reference] = []
        self._material: tuple[ObjectKey, ...] = ()
        claimed = classes.claim(ingress, view, rules)
        self._verdicts.extend(claimed.verdicts)
        if claimed.ours:
            settings, verdicts = read_annotations(meta.annotations, self._subject, rules)
            self._verdicts.extend(verdicts)
            self._settings, self._material, verdicts = read_material(settings, self._subject, view, rules)
            self._verdicts.extend(verdicts)
            self._say_rest()
        else:
            self._settings = read_annotations({}, self._subject, rules).settings
        self._served = claimed.ours and self._has_name()

    def read(self) -> Claims:
        meta, spec = self._ingress.metadata, self._ingress.spec
        seniority = Seniority(meta.creation_timestamp, f"{meta.namespace}/{meta.name}")
        class_name = spec.ingress_class_name or ""
        if not self._served:
            verdicts = tuple(self._verdicts)
            return Claims(
                self._subject, seniority, class_name, self._settings, material=self._material, verdicts=verdicts
            )
        default = None
        if spec.default_backend is not None:
            default = self._action(spec.default_backend, "spec.defaultBackend")
        hosts = self._hosts()
        if not spec.rules:
            if default is None:
                self._say(reasons.NOTHING_TO_SERVE, "spec", "", Problem("there is nothing to serve", "add spec.rules"))
            elif self._rules.catch_all:
                claim = PathClaim(0, 0, "/", PathType.PREFIX, default, bare=True)
                hosts, default = {"": HostClaim(0, (claim,))}, None
            else:
                self._say_catch_all("spec.defaultBackend")
        tls = tuple(self._tls(set(hosts)))
        self._refer_to_spare()
        self._refer_to_service()
        self._refer_to_mirror()
        return Claims(
            self._subject,
            seniority,
            class_name,
            self._settings,
            hosts,
            tuple(len(rule.http.paths) if rule.http else 0 for rule in spec.rules),
            default,
            tls,
            self._material,
            tuple(self._references),
            tuple(self._verdicts),
        )

    def _say(self, reason: Reason, field: str, value: str, problem: Problem | tuple[str, str]) -> None:
        self._verdicts.append(reason.verdict(self._subject, field, value, *problem))

    def _say_catch_all(self, field: str) -> None:
        problem = Problem("it is for every host, and the gateway runs with --disable-catch-all", "name a host")
        self._say(reasons.CATCH_ALL, field, "", problem)

    def _say_rest(self) -> None:
        """Mistakes that show only where several annotations are seen together."""
        settings = self._settings
        asked = settings.canary
        prefix = self._rules.annotations_prefix
        if asked.enabled and not (asked.weight or asked.header or asked.cookie):
            problem = Problem("it has no weight, no header and no cookie", "set canary-weight, for example")
            self._say(reasons_filters.CANARY_RULELESS, field_of(prefix, "canary"), "true", problem)
        pattern = asked.header_pattern
        refused, slow = judge_regex(pattern, self._rules, anywhere=True) if pattern else (None, None)
        if slow is not None:
            self._say(reasons.BACKTRACKING, field_of(prefix, "canary-by-header-pattern"), pattern, slow)
        if refused is not None:
            problem = Problem(f"{refused.reason}; every request stays with the primary", refused.fix)
            self._say(reasons.INVALID_IGNORED, field_of(prefix, "canary-by-header-pattern"), pattern, problem)
            plain = CanaryAsked(enabled=asked.enabled)
            self._settings = replace(settings, canary=plain)
        self._say_patterns()
        errors = settings.errors
        if errors.statuses and not errors.backend and self._rules.default_backend_service is None:
            value = ",".join(map(str, errors.statuses))
            problem = Problem("there is neither a default-backend here nor one of the gateway", "set default-backend")
            self._say(reasons_filters.NO_ERROR_BACKEND, field_of(prefix, "custom-http-errors"), value, problem)

    def _say_patterns(self) -> None:
        """Of aliases that are expressions. One that is wrong closes the routes, as ingress-nginx would not take the
        Ingress.
        """
        field = field_of(self._rules.annotations_prefix, "server-alias")
        for pattern in patterns_of(self._settings.aliases):
            refused, slow = judge_regex(pattern, self._rules, anywhere=True)
            if refused is not None:
                reason = f"{refused.reason}; the routes of this Ingress answer 503 meanwhile"
                self._say(reasons.INVALID_CLOSED, field, f"~{pattern}", Problem(reason, refused.fix))
                self._settings = replace(self._settings, aliases=(), closed=True)
            if slow is not None:
                reason = slow.reason.partition(",")[0]
                text = f"{reason}, so PCRE matches it, within limits; a name that reaches one is not one of its names"
                self._say(reasons.BACKTRACKING, field, f"~{pattern}", Problem(text, slow.fix))

    def _refer_to_spare(self) -> None:
        name = self._settings.errors.backend
        if name:
            identity = BackendId(self._namespace, name, "")
            field = field_of(self._rules.annotations_prefix, "default-backend")
            self._references.append(Reference(identity, field, "port"))

    def _refer_to_service(self) -> None:
        """The one that is asked about requests."""
        asked = external_of(self._settings, self._rules)
        if asked.place is not None and asked.place.backend is not None:
            name = "auth-url" if self._settings.external.place is not None else "enable-global-auth"
            self._references.append(Reference(asked.place.backend, field_of(self._rules.annotations_prefix, name), ""))

    def _refer_to_mirror(self) -> None:
        place = self._settings.mirror.place
        if place is not None and place.backend is not None:
            field = field_of(self._rules.annotations_prefix, "mirror-target")
            self._references.append(Reference(place.backend, field, ""))

    def _has_name(self) -> bool:
        for field, value in (("metadata.namespace", self._namespace), ("metadata.name", self._subject.name)):
            if not is_object_name(value):
                problem = Problem("it is not the name of an object", "use lower-case letters, digits, hyphens and dots")
                self._say(reasons.BAD_NAME, field, value, problem)
                return False
        return True

    def _hosts(self) -> dict[str, HostClaim]:
        hosts: dict[str, HostClaim] = {}
        for number, rule in enumerate(self._ingress.spec.rules):
            host = rule.host.lower()
            if problem := host_problem(host):
                self._say(reasons.BAD_HOST, f"spec.rules[{number}].host", rule.host, problem)
                continue
            if not host and not self._rules.catch_all:
                self._say_catch_all(f"spec.rules[{number}].host")
                continue
            paths = tuple(self._paths(number, rule.http.paths)) if rule.http else ()
            earlier = hosts.get(host)
            hosts[host] = HostClaim(earlier.rule, earlier.paths + paths) if earlier else HostClaim(number, paths)
        return hosts

    def _paths(self, rule: int, paths: tuple[HTTPIngressPath, ...]) -> Iterator[PathClaim]:
        for number, path in enumerate(paths):
            field = f"spec.rules[{rule}].http.paths[{number}]"
            text = path.path or "/"
            kind = _TYPES.get(path.path_type)
            if kind is None:
                problem = Problem("there is no such type", f"write one of {', '.join(PathType)}")
                self._say(reasons.BAD_PATH_TYPE, f"{field}.pathType", path.path_type, problem)
                continue
            if found := path_problem(text):
                self._say(reasons.BAD_PATH, f"{field}.path", path.path, found)
                continue
            if self._rules.strict_path_type and (found := strict_problem(text, kind)):
                self._say(reasons.STRICT_PATH, f"{field}.path", path.path, found)
                continue
            rewritten = self._settings.rewrite_target not in ("", text)
            regex = rewritten or self._settings.use_regex
            refused, slow = judge_regex(text, self._rules) if regex else (None, None)
            if refused is not None:
                self._say(reasons.BAD_REGEX, f"{field}.path", path.path, refused)
                continue
            if slow is not None:
                self._say(reasons.BACKTRACKING, f"{field}.path", path.path, slow)
            if rewritten and (capture := missing_capture(self._settings.rewrite_target, text)):
                self._say(
                    reasons.MISSING_CAPTURE,
                    field_of(self._rules.annotations_prefix, "rewrite-target"),
                    self._settings.rewrite_target,
                    (f"{capture} is not a capture of the path {reasons.readable(text)}", "add a group to the path"),
                )
            action = self._action(path.backend, f"{field}.backend")
            yield PathClaim(rule, number, text, kind, action, regex, rewritten)

    def _action(self, backend: IngressBackend, field: str) -> Action:
        service = backend.service
        if service is None:
            if backend.resource is not None:
                named = f"{backend.resource.kind} {backend.resource.name}"
                self._say(
                    reasons.RESOURCE_BACKEND, f"{field}.resource", named, ("it is not a Service", "name a Service")
                )
                return NOT_FOUND
            self._say(reasons.BAD_BACKEND, field, "", ("it names no Service", "add service.name and service.port"))
            return UNAVAILABLE
        field = f"{field}.service"
        if not is_object_name(service.name):
            problem = Problem("it is not the name of a Service", f"name a Service of namespace {self._namespace}")
            self._say(reasons.BAD_BACKEND, f"{field}.name", service.name, problem)
            return UNAVAILABLE
        port = service.port.name or (str(service.port.number) if service.port.number else "")
        if not is_object_name(port):
            problem = Problem("it names no port", "write port.number or port.name")
            self._say(reasons.BAD_BACKEND, f"{field}.port", port, problem)
            return UNAVAILABLE
        identity = BackendId(self._namespace, service.name, port)
        self._references.append(Reference(identity, field, "port.name" if service.port.name else "port.number"))
        return Forward(identity, UpstreamTls() if self._settings.upstream_tls else None)

    def _tls(self, served: set[str]) -> Iterator[TlsClaim]:
        for index, entry in enumerate(self._ingress.spec.tls):
            field = f"spec.tls[{index}]"
            hosts = tuple(host.lower() for host in entry.hosts)
            for place, host in enumerate(hosts):
                if not any(covers(host, one) for one in served):
                    problem = Problem("no rule of this Ingress has this host", "add a rule for it, or remove it here")
                    self._say(reasons.UNUSED_TLS_HOST, f"{field}.hosts[{place}]", host, problem)
            if not hosts and "" in served:
                problem = Problem("a rule has no host, and the entry has none either", "name the hosts in both")
                self._say(reasons.TLS_WITHOUT_HOST, field, entry.secret_name, problem)
            yield TlsClaim(index, hosts, self._certificate(entry.secret_name, f"{field}.secretName"))

    def _certificate(self, name: str, field: str) -> CertificateId | None:
        if not name:
            return None
        rules = self._rules
        everywhere = rules.cross_namespace
        found = refs.resolve("Secret", name, namespace=self._namespace, view=self._view, everywhere=everywhere)
        self._material = (*self._material, *refs.asked(found, self._namespace))
        if isinstance(found, refs.Refused):
            reason = reasons.CROSSES_NAMESPACE if found.crosses else reasons.SECRET_MISSING
            self._say(reason, field, name, (found.reason, found.fix))
            return None
        return CertificateId(found.namespace, found.name)
