"""Raw values to typed objects: what is accepted, and what is said about the rest."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.core import EndpointSlice, Secret, Service
from gateway.objects.ingress import Ingress
from gateway.objects.meta import ObjectKey
from gateway.objects.parse import ANNOTATIONS_BYTES, Reading, expand, parse
from gateway.objects.problems import PROBLEMS, VALUE_LENGTH, Flaw

VERSIONS = {
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
}


def raw(kind: str = "Ingress", metadata: Any = None, **fields: Any) -> dict[str, Any]:
    named = {"name": "shop", **(metadata or {})}
    return {"apiVersion": VERSIONS.get(kind, "v1"), "kind": kind, "metadata": named, **fields}


def ingress_with_port(port: Any) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": port}}
    paths = [{"path": "/", "backend": {"service": {"name": "a"}}}, {"path": "/b", "backend": backend}]
    return raw(spec={"rules": [{"host": "shop.example.com", "http": {"paths": paths}}]})


def only(reading: Reading) -> tuple[Flaw, str, str]:
    [problem] = reading.problems
    return problem.flaw, problem.field, problem.value


def test_ingress_is_typed() -> None:
    made = parse(ingress_with_port({"number": 80}))
    assert made.problems == ()
    assert made.key == ObjectKey("Ingress", "default", "shop")
    assert isinstance(made.object, Ingress)
    assert made.object.metadata.namespace == "default"
    assert made.object.spec.rules[0].http is not None
    service = made.object.spec.rules[0].http.paths[1].backend.service
    assert service is not None
    assert service.port.number == 80


def test_wrong_type_names_the_whole_path() -> None:
    reading = parse(ingress_with_port({"number": "80"}))
    assert reading.object is None
    assert reading.key == ObjectKey("Ingress", "default", "shop")
    assert only(reading) == (Flaw.WRONG_TYPE, "spec.rules[0].http.paths[1].backend.service.port.number", "80")
    assert reading.problems[0].fix == "write it without quotes"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"rules": {"host": "a"}}, "spec.rules"),
        ({"rules": ["a"]}, "spec.rules[0]"),
        ({"rules": [{"host": True}]}, "spec.rules[0].host"),
        ({"tls": [{"hosts": "a"}]}, "spec.tls[0].hosts"),
        ({"tls": [{"hosts": ["a", 1]}]}, "spec.tls[0].hosts[1]"),
        ({"rules": [{"http": {"paths": [{"backend": {"service": {"name": 7}}}]}}]},
         "spec.rules[0].http.paths[0].backend.service.name"),
        ("text", "spec"),
    ],
)  # fmt: skip
def test_wrong_types(spec: Any, field: str) -> None:
    reading = parse(raw(spec=spec))
    assert only(reading)[:2] == (Flaw.WRONG_TYPE, field)
    assert reading.object is None


def test_every_problem_is_named_at_once() -> None:
    reading = parse(raw(spec={"rules": [{"host": 1}, {"host": 2}], "tls": "x"}))
    assert [problem.field for problem in reading.problems] == ["spec.rules[0].host", "spec.rules[1].host", "spec.tls"]


def test_missing_fields() -> None:
    reading = parse(raw(spec={"rules": [{"http": {"paths": [{"path": "/"}]}}]}))
    assert only(reading)[:2] == (Flaw.MISSING_FIELD, "spec.rules[0].http.paths[0].backend")
    without_name = parse({"apiVersion": "v1", "kind": "Service", "metadata": {}})
    assert only(without_name)[:2] == (Flaw.MISSING_FIELD, "metadata.name")
    assert parse({"apiVersion": "v1", "kind": "Service"}).problems[0].field == "metadata"


@pytest.mark.parametrize(
    ("name", "near"), [("ingressClass", "ingressClassName"), ("Rules", "rules"), ("backend", "defaultBackend")]
)
def test_unknown_field_names_the_nearest_and_the_object_is_read(name: str, near: str) -> None:
    reading = parse(raw(spec={name: "nginx"}))
    assert only(reading) == (Flaw.UNKNOWN_FIELD, f"spec.{name}", "nginx")
    assert near in reading.problems[0].fix
    assert reading.object is not None


def test_unknown_fields_everywhere() -> None:
    spec = {"rules": [{"http": {"paths": [{"pathtype": "Prefix", "backend": {"service": {"name": "a"}}}]}}]}
    assert only(parse(raw(spec=spec)))[1] == "spec.rules[0].http.paths[0].pathtype"
    assert only(parse(raw(metadata={"labls": {}})))[1] == "metadata.labls"
    assert only(parse(raw(extra=1)))[1] == "extra"


def test_a_huge_unknown_name_is_cut_and_costs_little() -> None:
    began = time.process_time()
    reading = parse(raw(spec={"x" * 5_000_000: 1}))
    assert time.process_time() - began < 2
    assert len(reading.problems[0].field) < 10 * VALUE_LENGTH


KNOWN_AND_UNREAD: list[dict[str, Any]] = [
    raw(
        metadata={
            "managedFields": [{"manager": "kubectl"}], "ownerReferences": [{"uid": "1"}], "finalizers": ["a"],
            "selfLink": "/x", "generateName": "shop-", "deletionTimestamp": None, "uid": "u", "generation": 3,
        },
        status={"loadBalancer": {}},
    ),
    raw("Service", spec={
        "selector": {"app": "a"}, "sessionAffinity": "None", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Local",
        "ports": [{"port": 80, "nodePort": 30080, "targetPort": "http", "appProtocol": "http"}],
    }, status={"loadBalancer": {}}),
    raw("EndpointSlice", addressType="IPv4", endpoints=[{
        "addresses": ["10.0.0.1"], "nodeName": "n", "zone": "z", "hints": {"forZones": []}, "hostname": "h",
        "targetRef": {"kind": "Pod"}, "conditions": {"ready": True, "serving": True, "terminating": False},
    }], ports=[{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "http"}]),
    raw("Secret", immutable=True, type="Opaque"),
    raw("ConfigMap", immutable=True, binaryData={"a": "aGk="}),
    raw("Namespace", spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"}),
    raw("IngressClass", spec={"controller": "x", "parameters": {"kind": "A", "name": "b"}}),
]  # fmt: skip


@pytest.mark.parametrize("value", KNOWN_AND_UNREAD, ids=lambda value: str(value["kind"]))
def test_fields_that_kubernetes_has_and_nobody_reads_are_fine(value: dict[str, Any]) -> None:
    reading = parse(value)
    assert reading.problems == ()
    assert reading.object is not None


@pytest.mark.parametrize("value", [True, 80, 1.5, ["a"], {"a": "b"}])
def test_annotations_are_texts(value: Any) -> None:
    reading = parse(raw(metadata={"annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": value}}))
    assert reading.object is None
    assert only(reading)[:2] == (Flaw.NOT_TEXT, "metadata.annotations[nginx.ingress.kubernetes.io/ssl-redirect]")
    assert ("quotes" in reading.problems[0].fix) == isinstance(value, (int, float))


def test_null_counts_as_absent() -> None:
    reading = parse(raw(metadata={"annotations": {"a": None}, "labels": None}, spec={"rules": [None], "tls": None}))
    assert isinstance(reading.object, Ingress)
    assert reading.object.metadata.annotations == {"a": ""}
    assert len(reading.object.spec.rules) == 1
    assert reading.problems == ()


def test_annotations_are_bounded_as_in_kubernetes() -> None:
    fits = {"a": "x" * (ANNOTATIONS_BYTES - 1)}
    assert parse(raw(metadata={"annotations": fits})).object is not None
    reading = parse(raw(metadata={"annotations": {"a": "é" * (ANNOTATIONS_BYTES // 2)}}))
    assert only(reading)[:2] == (Flaw.ANNOTATIONS_TOO_LARGE, "metadata.annotations")


def test_ten_megabytes_of_annotation_cost_little_and_are_not_repeated() -> None:
    began = time.process_time()
    reading = parse(raw(metadata={"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x" * 10_000_000}}))
    assert time.process_time() - began < 2
    assert reading.object is None
    assert sum(len(problem.reason + problem.fix + problem.value) for problem in reading.problems) < 1_000


@pytest.mark.parametrize("name", ["Shop", "shop_1", "-shop", "shop-", "a..b", "a/b", "x" * 254, "shöp", "a\nb"])
def test_bad_names(name: str) -> None:
    reading = parse(raw(metadata={"name": name}))
    assert only(reading)[:2] == (Flaw.BAD_NAME, "metadata.name")
    assert (reading.key, reading.object) == (None, None)


def test_services_and_namespaces_are_one_label() -> None:
    assert only(parse(raw("Service", metadata={"name": "a.b"})))[0] is Flaw.BAD_NAME
    assert only(parse(raw(metadata={"namespace": "a.b"})))[:2] == (Flaw.BAD_NAME, "metadata.namespace")
    assert parse(raw(metadata={"name": "a.b"})).object is not None


def test_cluster_scoped_kinds_have_no_namespace() -> None:
    reading = parse(raw("IngressClass", metadata={"namespace": "a"}))
    assert reading.key == ObjectKey("IngressClass", "", "shop")
    assert only(reading)[0] is Flaw.NO_NAMESPACE
    assert reading.object is not None
    assert reading.object.metadata.namespace == ""


def test_secret_is_decoded_and_string_data_wins() -> None:
    reading = parse(raw("Secret", data={"a": "aGVs\nbG8=", "b": "eA=="}, stringData={"b": "plain", "c": "ü"}))
    assert isinstance(reading.object, Secret)
    assert {name: bytes(value) for name, value in reading.object.data.items()} == {
        "a": b"hello",
        "b": b"plain",
        "c": "ü".encode(),
    }
    assert all(type(value) is SecretBytes for value in reading.object.data.values())


SECRET = "hunter2"


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"a": SECRET + "!"}},
        {"data": {"a": SECRET}},
        {"data": SECRET},
        {"stringData": {"a": [SECRET]}},
        {"stringData": SECRET},
        {"dta": SECRET},
        {"type": [SECRET]},
        {"immutable": SECRET, "metadata": {"name": "x", "annotations": SECRET}},
    ],
)
def test_problems_never_repeat_a_secret(fields: dict[str, Any]) -> None:
    reading = parse({**raw("Secret"), **fields})
    assert reading.problems
    assert SECRET not in repr(reading.problems)


def test_unquoted_numbers_in_secrets_are_not_repeated_either() -> None:
    reading = parse(raw("Secret", stringData={"a": 123456789}))
    assert only(reading)[:2] == (Flaw.NOT_TEXT, "stringData.a")
    assert "123456789" not in repr(reading.problems)


def test_bad_base64_names_the_key() -> None:
    assert only(parse(raw("Secret", data={"tls.crt": "%%%"}))) == (Flaw.BAD_BASE64, "data[tls.crt]", "")


def test_creation_timestamp_is_parsed_and_needs_a_zone() -> None:
    reading = parse(raw(metadata={"creationTimestamp": "2026-01-31T12:00:00Z"}))
    assert reading.object is not None
    assert reading.object.metadata.creation_timestamp == datetime(2026, 1, 31, 12, tzinfo=UTC)
    for bad in ("2026-01-31T12:00:00", "yesterday", 7, True):
        assert only(parse(raw(metadata={"creationTimestamp": bad})))[:2] == (
            Flaw.WRONG_TYPE,
            "metadata.creationTimestamp",
        )


def test_numbers_as_json_has_them() -> None:
    reading = parse(
        raw("Service", spec={"ports": [{"port": 80.0, "targetPort": "web"}, {"port": 81, "targetPort": 8}]})
    )
    assert isinstance(reading.object, Service)
    assert [(port.port, port.target_port) for port in reading.object.spec.ports] == [(80, "web"), (81, 8)]
    for bad in (80.5, True, 2**80, None):
        assert parse(raw("Service", spec={"ports": [{"port": bad}]})).object is None


def test_conditions_may_be_unknown() -> None:
    reading = parse(raw("EndpointSlice", endpoints=[{"addresses": ["10.0.0.1"], "conditions": {"ready": None}}]))
    assert isinstance(reading.object, EndpointSlice)
    assert reading.object.endpoints[0].conditions.ready is None


@pytest.mark.parametrize(
    "value", [None, "text", 3, [], [{}], {}, {"kind": "Ingress"}, {"apiVersion": "v1"}, {"kind": 3}]
)
def test_what_is_no_object(value: Any) -> None:
    assert only(parse(value))[0] is Flaw.NOT_AN_OBJECT


def test_other_kinds_are_named() -> None:
    assert parse({"apiVersion": "apps/v1", "kind": "Deployment"}) == Reading(foreign="apps/v1 Deployment")
    assert (
        parse({"apiVersion": "serving.knative.dev/v1", "kind": "Service"}).foreign == "serving.knative.dev/v1 Service"
    )


@pytest.mark.parametrize("version", ["extensions/v1beta1", "networking.k8s.io/v1beta1"])
def test_old_versions_say_what_to_write(version: str) -> None:
    reading = parse({**raw(), "apiVersion": version})
    assert only(reading) == (Flaw.OLD_VERSION, "apiVersion", version)
    assert "networking.k8s.io/v1" in reading.problems[0].fix
    assert reading.key == ObjectKey("Ingress", "default", "shop")


def test_lists_are_expanded() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [raw("Service")]}
    whole = {"apiVersion": "v1", "kind": "List", "items": [raw(), inner, "no object"]}
    assert [path for path, _ in expand(whole)] == ["items[0]", "items[1].items[0]", "items[2]"]


def test_typed_lists_lend_their_items_kind_and_version() -> None:
    whole = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [{"metadata": {"name": "a"}}]}
    [(path, value)] = expand(whole)
    assert path == "items[0]"
    assert parse(value).key == ObjectKey("Ingress", "default", "a")


def test_lists_in_lists_are_bounded() -> None:
    value: dict[str, Any] = raw()
    for _ in range(50):
        value = {"apiVersion": "v1", "kind": "List", "items": [value]}
    [(_, inner)] = expand(value)
    assert parse(inner).object is None


def test_the_number_of_problems_is_bounded() -> None:
    reading = parse(raw(metadata={"annotations": {f"a{index}": True for index in range(1_000)}}))
    assert len(reading.problems) == PROBLEMS + 1
    assert reading.problems[-1].flaw is Flaw.MORE
    assert str(1_000 - PROBLEMS) in reading.problems[-1].reason


def test_the_raw_value_is_not_changed() -> None:
    value = raw("Secret", stringData={"a": "b"})
    parse(value)
    assert value == raw("Secret", stringData={"a": "b"})
