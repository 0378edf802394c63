"""A translation that follows changes equals one that starts from nothing, and does no more work than they ask."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.match import Exact, Prefix, Regex
from gateway.ir.route import Forward, HostTable, Redirect, Route
from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.store.events import Delete, Upsert
from gateway.store.store import Store
from gateway.translate.rules import PREFIX, Rules
from gateway.translate.translate import Translator, Work
from gateway.verdicts.verdict import Verdict
from tests.golden.objects import load, upsert
from tests.golden.stand_ins import rules
from tests.unit.translate import worlds

Event = Upsert | Delete
SETTINGS = (
    rules(),
    rules(
        class_objects_required=True,
        default_ssl_certificate=CertificateId("one", "cert"),
        default_backend_service=BackendId("two", "web", ""),
    ),
    rules(options=ObjectKey("ConfigMap", "one", "options")),
)


@dataclass
class Follower:
    """A store, a translator, and all that it has ever said about what is served."""

    rules: Rules = field(default_factory=rules)
    store: Store = field(default_factory=Store)
    served: dict[object, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.translator = Translator(self.store, self.rules)

    def follow(self, events: Iterable[Event]) -> Changes:
        self.store.apply(events)
        changes = self.translator.update(self.store.take_dirty())
        parts: tuple[object, ...] = (changes.hosts, changes.backends, changes.certificates)
        for part in parts:
            assert isinstance(part, dict)
            for key, value in part.items():
                assert self.served.get(key) != value, f"{key} has not changed"
                self.served[key] = value
                if value is None:
                    del self.served[key]
        self.served["default"] = changes.default_certificate
        return changes

    def result(self) -> tuple[dict[object, object], tuple[Verdict, ...]]:
        return self.served, self.translator.verdicts()


def events(objects: Sequence[Object]) -> list[Event]:
    return [upsert(one) for one in objects]


changes_of_a_world = st.lists(
    st.lists(st.tuples(worlds.objects, st.sampled_from((True, True, False))), min_size=1, max_size=4), max_size=6
)


@settings(max_examples=100)
@given(st.sampled_from(SETTINGS), st.lists(worlds.objects, max_size=12), changes_of_a_world)
def test_following_changes_equals_starting_afresh(
    chosen: Rules, first: list[Object], batches: list[list[tuple[Object, bool]]]
) -> None:
    follower = Follower(chosen)
    follower.follow(events(first))
    last = {event.key: event for event in map(upsert, first)}
    for batch in batches:
        # A good certificate outlives its Secret's content, but not its Secret.
        follower.follow([Delete(upsert(one).key) for one, _ in batch if worlds.is_broken(one)])
        told: list[Event] = []
        for one, stays in batch:
            event = upsert(one)
            told.append(event if stays else Delete(event.key))
            last.pop(event.key, None)
            if stays:
                last[event.key] = event
        follower.follow(told)
    fresh = Follower(chosen)
    fresh.follow(list(last.values()))
    assert follower.result() == fresh.result()


@settings(max_examples=100)
@given(st.lists(worlds.objects, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(objects: list[Object], random: Random) -> None:
    told = list({event.key: event for event in map(upsert, objects)}.values())
    one, other = Follower(), Follower()
    one.follow(told)
    random.shuffle(told)
    other.follow([])
    for event in told:
        other.follow([event])
    assert one.result() == other.result()
    assert encoded(one) == encoded(other), "equal, but not byte for byte"


def encoded(follower: Follower) -> dict[object, bytes]:
    tables = {key: value for key, value in follower.served.items() if isinstance(value, HostTable)}
    return {key: msgspec.msgpack.encode(value) for key, value in tables.items()}


@settings(max_examples=200)
@given(st.lists(worlds.objects, max_size=12))
def test_whatever_is_asked_for_is_well_formed(objects: list[Object]) -> None:
    """What the data plane would refuse the whole host for."""
    follower = Follower()
    follower.follow(events(objects))
    backends = {key for key in follower.served if isinstance(key, BackendId)}
    certificates = {key for key in follower.served if isinstance(key, CertificateId)}
    for table in follower.served.values():
        if not isinstance(table, HostTable):
            continue
        assert table.certificate is None or table.certificate in certificates
        matches = [(type(route.match), msgspec.structs.astuple(route.match)) for route in table.routes]
        assert len([one for one in matches if one[0] is not Regex]) == len(
            {one for one in matches if one[0] is not Regex}
        )
        for route in table.routes:
            assert route.id.rule >= 0
            assert route.id.path >= 0
            assert backends.issuperset(targets(route))
            match route.match:
                case Exact(path=path):
                    assert path.startswith("/")
                case Prefix(path=path):
                    assert path == "/" or (path.startswith("/") and not path.endswith("/"))
                case Regex(pattern=pattern):
                    assert pattern.startswith("/")
            if isinstance(route.action, Redirect) and route.action.query:
                assert route.action.path == f"{path}/"


def targets(route: Route) -> Iterator[BackendId]:
    """Every backend that a route may lead to."""
    if isinstance(route.action, Forward):
        yield route.action.backend
        yield from (canary.backend for canary in route.action.canaries)
        if route.action.spare is not None:
            yield route.action.spare
    if route.errors is not None:
        yield route.errors.backend


HOSTILE = st.text(max_size=40)


@settings(max_examples=100)
@given(HOSTILE, HOSTILE, HOSTILE, st.dictionaries(st.sampled_from(tuple(worlds.ANNOTATIONS)), HOSTILE))
def test_no_text_is_too_strange(host: str, path: str, service: str, annotations: dict[str, str]) -> None:
    base = load(MANIFEST)[0].object
    text = msgspec.json.encode(base).decode()
    values = {"HOST": host, "PATH": path, "SERVICE": service}
    raw = msgspec.json.decode(text)
    rule = raw["spec"]["rules"][0]
    rule["host"] = values["HOST"]
    rule["http"]["paths"][0]["path"] = values["PATH"]
    rule["http"]["paths"][0]["backend"]["service"]["name"] = values["SERVICE"]
    raw["metadata"]["annotations"] = {f"{PREFIX}/{name}": value for name, value in annotations.items()}
    follower = Follower()
    follower.follow([upsert(msgspec.convert(raw, type(base)))])
    for verdict in follower.translator.verdicts():
        assert all(text.isprintable() for text in (verdict.field, verdict.value)), verdict


MANIFEST = """
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: ImplementationSpecific, backend: {service: {name: shop, port: {number: 80}}}}
"""
SHOPS = 50


def shop(number: int, *, service: str = "shop", path: str = "/", tls: str = "", annotation: str = "") -> str:
    tls = f", tls: [{{hosts: [shop-{number}.example], secretName: {tls}}}]" if tls else ""
    return f"""
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {{name: shop-{number}, annotations: {{{annotation}}}}}
spec: {{ingressClassName: nginx{tls}, rules: [{{host: shop-{number}.example, http: {{paths: [
  {{path: {path}, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}
"""


SERVICE = """
kind: Service
apiVersion: v1
metadata: {name: shop}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
"""


def slice_of(address: str, name: str = "shop-1", service: str = "shop") -> str:
    return f"""
kind: EndpointSlice
apiVersion: discovery.k8s.io/v1
metadata: {{name: {name}, labels: {{kubernetes.io/service-name: {service}}}}}
addressType: IPv4
ports: [{{port: 8080}}]
endpoints: [{{addresses: [{address}]}}]
"""


def secret(key: str, names: str = "'*.example'") -> str:
    return f"""
kind: Secret
apiVersion: v1
metadata: {{name: wild}}
type: kubernetes.io/tls
stringData: {{tls.crt: "{{names: [{names}], key: {key}}}", tls.key: {key}}}
"""


@pytest.fixture
def many() -> Follower:
    follower = Follower()
    shops = [shop(number, tls="wild" if number % 2 else "") for number in range(SHOPS)]
    follower.follow(load("---".join([*shops, SERVICE, slice_of("10.1.0.1"), secret("one")])))
    assert follower.translator.work == Work(claims=SHOPS, hosts=SHOPS, backends=1, certificates=1)
    return follower


def changed(changes: Changes) -> tuple[int, int, int]:
    return len(changes.hosts), len(changes.backends), len(changes.certificates)


def test_a_path_costs_one_host(many: Follower) -> None:
    assert changed(many.follow(load(shop(4, path="/new")))) == (1, 0, 0)
    assert many.translator.work == Work(claims=1, hosts=1)


def test_an_ingress_that_comes_or_goes_costs_its_host(many: Follower) -> None:
    added = load(shop(999))
    assert changed(many.follow(added)) == (1, 0, 0)
    assert many.translator.work == Work(claims=1, hosts=1)
    assert changed(many.follow([Delete(added[0].key)])) == (1, 0, 0)
    assert many.translator.work == Work(claims=1, hosts=1)


def test_an_endpoint_costs_one_backend(many: Follower) -> None:
    assert changed(many.follow(load(slice_of("10.1.0.2")))) == (0, 1, 0)
    assert many.translator.work == Work(backends=1)


def test_a_slice_that_moves_costs_both_backends(many: Follower) -> None:
    many.follow(load(shop(999, service="other") + "---" + SERVICE.replace("name: shop", "name: other")))
    assert changed(many.follow(load(slice_of("10.1.0.2", service="other")))) == (0, 2, 0)
    assert many.translator.work == Work(backends=2)


def test_objects_that_nobody_refers_to_cost_nothing(many: Follower) -> None:
    strangers = [secret("one").replace("name: wild", "name: stranger"), SERVICE.replace("name: shop", "name: stranger")]
    strangers.append(slice_of("10.9.9.9", "stranger-1", "stranger"))
    assert changed(many.follow(load("---".join(strangers)))) == (0, 0, 0)
    assert many.translator.work == Work()


def test_a_renewed_certificate_costs_no_host(many: Follower) -> None:
    assert changed(many.follow(load(secret("two")))) == (0, 0, 1)
    assert many.translator.work == Work(certificates=1)


def test_other_names_in_a_certificate_cost_the_hosts_that_name_it(many: Follower) -> None:
    assert changed(many.follow(load(secret("two", "other.example")))) == (SHOPS // 2, 0, 1)
    assert many.translator.work == Work(hosts=SHOPS // 2, certificates=1)


def said(follower: Follower, code: str) -> set[str]:
    return {verdict.reason for verdict in follower.translator.verdicts() if verdict.code == code}


WILD = CertificateId("default", "wild")
KEPT = "the certificate that it held before is still served"
NO_MATCH = f"Secret wild: the private key does not belong to the certificate; {KEPT}"


def test_a_secret_that_breaks_keeps_its_last_good_certificate(many: Follower) -> None:
    good = many.served[WILD]
    broken = secret("one").replace("tls.key: one", "tls.key: another")
    assert changed(many.follow(load(broken))) == (0, 0, 0)
    assert many.served[WILD] == good
    assert said(many, "GW262") == {NO_MATCH}
    assert many.follow(load(secret("one", "other.example").replace(", tls.key: one", ""))).certificates == {}
    assert many.served[WILD] == good
    assert said(many, "GW262") == set()
    assert said(many, "GW261") == {f"Secret wild (of type kubernetes.io/tls) lacks tls.key; {KEPT}"}
    assert changed(many.follow(load(secret("two")))) == (0, 0, 1)
    assert said(many, "GW261") == set()


def test_a_secret_that_is_deleted_takes_its_certificate_with_it(many: Follower) -> None:
    broken = load(secret("one").replace("tls.key: one", "tls.key: another"))
    many.follow(broken)
    assert changed(many.follow([Delete(broken[0].key)])) == (SHOPS // 2, 0, 1)
    assert WILD not in many.served
    assert len(said(many, "GW260")) == 1
    many.follow(broken)
    assert WILD not in many.served, "what was deleted is not brought back"
    assert said(many, "GW262") == {NO_MATCH.removesuffix(f"; {KEPT}")}


def test_a_default_certificate_that_breaks_stays_the_default() -> None:
    follower = Follower(rules(default_ssl_certificate=WILD))
    follower.follow(load(secret("one")))
    changes = follower.follow(load(secret("one").replace("tls.key: one", "tls.key: another")))
    assert changes.certificates == {}
    assert changes.default_certificate == WILD
    assert {(verdict.code, verdict.object.name) for verdict in follower.translator.verdicts()} == {("GW262", "wild")}


def test_a_word_without_effect_costs_the_ingress_only(many: Follower) -> None:
    before = many.translator.verdicts()
    assert changed(many.follow(load(shop(4, annotation="nginx.ingress.kubernetes.io/nonsense: x")))) == (0, 0, 0)
    assert many.translator.work == Work(claims=1)
    assert len(many.translator.verdicts()) == len(before) + 1


def test_one_host_of_many_in_an_ingress_costs_one_host() -> None:
    follower = Follower()
    follower.follow(load(many_hosts("/")))
    assert follower.translator.work.hosts == SHOPS
    assert list(follower.follow(load(many_hosts("/new"))).hosts) == [("main", "shop-4.example")]
    assert follower.translator.work == Work(claims=1, hosts=1)


def many_hosts(path_of_one: str) -> str:
    """One Ingress with all hosts; the fifth has another path."""
    rules = []
    for number in range(SHOPS):
        path = path_of_one if number == 4 else "/"
        backend = "backend: {service: {name: shop, port: {number: 80}}}"
        paths = f"[{{path: {path}, pathType: Prefix, {backend}}}]"
        rules.append(f"{{host: shop-{number}.example, http: {{paths: {paths}}}}}")
    head = "kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: many}\n"
    return f"{head}spec: {{ingressClassName: nginx, rules: [{', '.join(rules)}]}}"


def test_verdicts_have_the_place_where_their_field_stands() -> None:
    follower = Follower()
    event = load(MANIFEST.replace("host: shop.example", "host: 10.0.0.1"))[0]
    follower.follow([event])
    assert [verdict.origin for verdict in follower.translator.verdicts()] == [event.origin]
