"""Why a request is answered as it is. The decision is the data plane's own; here it is only put into words.

Nothing in this file chooses a route: `Standing.ask` does, which is the lookup and the plan that serve traffic.
"""

from typing import Final

from msgspec import Struct

from gateway.encode.digest import Digest
from gateway.encode.segments import HostSegment, RouteEntry
from gateway.ir.match import Exact, PathMatch, Prefix, Regex
from gateway.ir.policy import Policy
from gateway.ir.route import Forward, Redirect, RedirectHost, Respond, Route
from gateway.survey import causes, question
from gateway.survey.backends import address
from gateway.survey.findings import Finding, finding
from gateway.survey.question import Candidate, Decision, Outcome
from gateway.survey.request import Request
from gateway.survey.request import question as asked
from gateway.survey.routes import field_of, origin_of, subject_of
from gateway.survey.served import Served
from gateway.survey.standing import Standing
from gateway.verdicts.reasons import readable
from gateway.verdicts.verdict import ObjectRef

RIVALS: Final = 100


class Told(Struct, frozen=True):
    """A route: where it stands, how it recognises a request, what it does."""

    object: ObjectRef
    field: str
    origin: str
    host: str
    type: str
    path: str
    action: str


class Rival(Struct, frozen=True):
    """A route that was considered and not taken, and why."""

    route: Told
    why: str


class Source(Struct, frozen=True):
    """What decided about a setting: an annotation, an option or another field, with its value."""

    object: ObjectRef
    field: str
    value: str
    origin: str


class Setting(Struct, frozen=True):
    """One thing that the route does. `sources` is empty where it is a default."""

    name: str
    value: str
    sources: tuple[Source, ...]


class Target(Struct, frozen=True):
    backend: str
    balance: str
    tls: bool
    endpoints: tuple[str, ...]


class Shown(Struct, frozen=True):
    """The certificate that the client is shown. `secret` is empty for the gateway's own self-signed one."""

    host: str
    secret: str


class Explanation(Struct, frozen=True):
    """`unserved` are findings on paths that were written for this host and are not served."""

    kind: str
    snapshot: str
    request: Request
    host: str | None
    path: str
    winner: Told | None
    rivals: tuple[Rival, ...]
    more_rivals: int
    unserved: tuple[Finding, ...]
    settings: tuple[Setting, ...]
    target: Target | None
    certificate: Shown | None
    outcome: Outcome


class Prepared(Struct, frozen=True):
    """What `Standing.ask` is given, and what it is about. Whoever lets the tree change meanwhile holds `root`."""

    request: Request
    tls: bool
    root: Digest
    segments: list[bytes]
    question: bytes


class UnansweredError(Exception):
    """The data plane has no answer: it would refuse the snapshot."""


def explain(standing: Standing, request: Request) -> Explanation:
    """Raises RequestError where the request is none, and UnansweredError."""
    prepared = prepare(standing, request)
    return words(standing, prepared, answer(standing, prepared))


def answer(standing: Standing, prepared: Prepared) -> bytes:
    """Of the data plane's code. May take a second for a hundred thousand routes. Raises UnansweredError."""
    try:
        return standing.ask(prepared.root, prepared.segments, prepared.question)
    except ValueError as error:
        raise UnansweredError(f"the data plane has no answer: {error}") from error


def prepare(standing: Standing, request: Request) -> Prepared:
    """Raises RequestError."""
    sent = asked(request)
    root, tree = standing.root, standing.tree
    return Prepared(request, sent.tls, root, tree.segments(tree.missing(None, root)), question.encode(sent))


def words(standing: Standing, prepared: Prepared, answered: bytes) -> Explanation:
    """What `answer` gave, explained."""
    decision = question.decode(answered)
    return _Words(standing, Served(standing.tree, prepared.root), prepared.root, decision).explanation(
        prepared.request, tls=prepared.tls
    )


class _Words:
    def __init__(self, standing: Standing, served: Served, root: Digest, decision: Decision) -> None:
        self._standing = standing
        self._served = served
        self._root = root
        self._decision = decision
        self._hosts: dict[str, HostSegment | None] = {}

    def explanation(self, request: Request, *, tls: bool) -> Explanation:
        decision = self._decision
        winner = self._winner()
        rivals = [self._rival(one, winner) for one in decision.candidates if not self._is_winner(one)]
        host = decision.host
        return Explanation(
            "explain/v1",
            self._root.hex(),
            request,
            None if host is None else host or "*",
            decision.path,
            self._told(host or "", winner) if winner is not None else None,
            tuple(rivals[:RIVALS]),
            decision.omitted + max(0, len(rivals) - RIVALS),
            tuple(self._unserved(host)) if host is not None else (),
            tuple(self._settings(host or "", winner)) if winner is not None else (),
            self._target(winner) if winner is not None else None,
            self._shown() if tls else None,
            decision.outcome,
        )

    def _winner(self) -> RouteEntry | None:
        decision = self._decision
        if decision.host is None or decision.selected is None:
            return None
        host = self._host(decision.host)
        return host.routes[decision.selected] if host is not None else None

    def _is_winner(self, one: Candidate) -> bool:
        decision = self._decision
        return decision.selected is not None and (one.host, one.index) == (decision.host, decision.selected)

    def _host(self, name: str) -> HostSegment | None:
        if name not in self._hosts:
            self._hosts[name] = self._served.host(name)
        return self._hosts[name]

    def _told(self, host: str, route: RouteEntry) -> Told:
        subject, field = subject_of(route.id), field_of(self._standing, route.id)
        origin = origin_of(self._standing, subject, field)
        where = str(origin) if origin else ""
        return Told(subject, field, where, host or "*", kind_of(route.match), route.display_path, _action(route))

    def _rival(self, one: Candidate, winner: RouteEntry | None) -> Rival:
        host = self._host(one.host)
        if host is None:  # it was there when the question was asked, and segments do not change
            raise KeyError(one.host)
        route = host.routes[one.index]
        return Rival(self._told(one.host, route), self._why(one, route, winner))

    def _why(self, one: Candidate, route: RouteEntry, winner: RouteEntry | None) -> str:
        if one.rank is None:
            return f"its path does not match {self._decision.path}"
        if one.host != self._decision.host:
            serving = self._decision.host or "every other host"
            return f"its path matches, but {serving} has routes of its own, and then no other host is asked"
        if winner is None:
            return "its path matches, but the request was refused before a route was chosen"
        return _precedence(winner.match, route.match)

    def _unserved(self, host: str) -> list[Finding]:
        """Of Ingresses that name the host: errors on a rule or a path of theirs."""
        named = {
            (ingress.metadata.namespace, ingress.metadata.name)
            for ingress in self._standing.store.ingresses()
            if host in ([rule.host.lower() for rule in ingress.spec.rules] or [""])
        }
        found = {
            finding(verdict)
            for verdict in self._standing.verdicts()
            if verdict.object.kind == "Ingress"
            and (verdict.object.namespace, verdict.object.name) in named
            and verdict.severity == "error"
        }
        return sorted(found, key=lambda one: (one.object, one.field, one.code))

    def _settings(self, host: str, winner: RouteEntry) -> list[Setting]:
        policy = self._served.policy(winner)
        plain = Policy(*(getattr(policy, name) for name in Policy.__struct_fields__))
        route = Route(winner.id, winner.match, winner.action, plain, winner.display_path)
        ingress = self._standing.store.ingress(winner.id.namespace, winner.id.name)
        told: dict[str, list[Source]] = {}
        if ingress is not None and winner.id.kind == "Ingress":
            for cause in causes.causes(self._standing, ingress, host, route):
                source = self._source(cause)
                for name in cause.facts:
                    told.setdefault(name, []).append(source)
        values = causes.facts(route)
        names = sorted(name for name in values.keys() | told.keys() if name in told or self._is_setting(name, values))
        return [Setting(name, values.get(name, "not set"), tuple(told.get(name, ()))) for name in names]

    @staticmethod
    def _is_setting(name: str, values: causes.Facts) -> bool:
        """The match and the action are told elsewhere."""
        return not name.startswith(("match", "action")) and name in values

    def _source(self, cause: causes.Cause) -> Source:
        subject = ObjectRef(*cause.object)
        origin = origin_of(self._standing, subject, cause.field)
        place = str(origin) if origin else ""
        return Source(subject, cause.field, self._value(cause), place)

    def _value(self, cause: causes.Cause) -> str:
        """As its author wrote it; empty where that is more than a text."""
        store, (kind, namespace, name) = self._standing.store, cause.object
        inner = cause.field.partition("[")[2].removesuffix("]")
        if kind == "ConfigMap":
            config_map = store.config_map(namespace, name)
            return readable(config_map.data.get(inner, "")) if config_map else ""
        ingress = store.ingress(namespace, name)
        return readable(ingress.metadata.annotations.get(inner, "")) if ingress else ""

    def _target(self, winner: RouteEntry) -> Target | None:
        if not isinstance(winner.action, Forward):
            return None
        identity = winner.action.backend
        backend = self._served.backend(identity)
        endpoints = tuple(address(one.address, one.port) for one in backend.endpoints) if backend else ()
        balance = str(backend.balance) if backend else ""
        name = f"{identity.namespace}/{identity.service}:{identity.port}"
        return Target(name, balance, winner.action.tls is not None, endpoints)

    def _shown(self) -> Shown:
        host = self._decision.certificate_host
        entry = self._host(host) if host is not None else None
        identity = (entry.certificate if entry else None) or self._served.default_certificate
        return Shown(host or "*", f"{identity.namespace}/{identity.name}" if identity else "")


def kind_of(match: PathMatch) -> str:
    match match:
        case Exact():
            return "Exact"
        case Prefix():
            return "Prefix"
        case Regex():
            return "Regex"


def _action(route: RouteEntry) -> str:
    match route.action:
        case Forward(backend=backend):
            return f"forward to {backend.namespace}/{backend.service}:{backend.port}"
        case Redirect(path=path, status=status):
            return f"{status} to {path}"
        case RedirectHost(host=host, status=status):
            return f"{status} to {host}"
        case Respond(status=status):
            return f"answer {status}"


def _precedence(winner: PathMatch, loser: PathMatch) -> str:
    """The order of evaluation in words, for two routes that both match."""
    match winner, loser:
        case Exact(), Exact():
            return "the same exact path stands earlier"
        case Exact(), _:
            return f"an exact path comes before {'expressions' if isinstance(loser, Regex) else 'prefixes'}"
        case Regex(), Regex():
            return "its expression stands later: the longest one that matches is taken"
        case Regex(), _:
            return "expressions come before prefixes"
        case _:
            return "its prefix is shorter: the longest one that matches is taken"
