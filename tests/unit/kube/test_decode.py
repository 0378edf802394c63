"""Lists, events and objects of the API server: what is read, and what is refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.kube.decode import Bookmark, Flawed, ObjectDecoder, read_bookmark, read_event, read_page, read_status
from gateway.kube.errors import Garbled
from gateway.kube.resources import RESOURCES, path_of, resource_of
from gateway.kube.target import Denial, Target
from gateway.objects.kinds import KINDS, Kind
from gateway.objects.meta import ObjectKey
from gateway.objects.parse import parse

SERVICES = resource_of("Service")
FIELDS = st.sampled_from(
    [
        "metadata",
        "spec",
        "data",
        "type",
        "endpoints",
        "ports",
        "name",
        "namespace",
        "labels",
        "annotations",
        "rules",
        "tls",
        "addresses",
        "uid",
        "kind",
    ]
)


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def page(**content: Any) -> bytes:
    whole = {"kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []}
    return json.dumps({**whole, **content}).encode()


def test_a_page() -> None:
    found = read_page(page(metadata={"resourceVersion": "7", "continue": "abc"}, items=[{"a": 1}]), SERVICES)
    assert (found.version, found.more, [bytes(item) for item in found.items]) == ("7", "abc", [b'{"a": 1}'])
    assert read_page(page(items=None), SERVICES).items == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is not JSON of a list"),
        (b"[]", "is not JSON of a list"),
        (b"{}", "instead of ServiceList came '' ''"),
        (page(kind="IngressList"), "instead of ServiceList came 'v1' 'IngressList'"),
        (page(apiVersion="v2"), "instead of ServiceList came 'v2' 'ServiceList'"),
        (page(metadata={}), "has no metadata.resourceVersion"),
        (b'{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}', "has no items"),
        (page(items={}), "is not JSON of a list"),
        (b"\xff\xfe", "is not JSON of a list"),
    ],
)
def test_what_is_no_list_is_never_taken_for_an_empty_one(body: bytes, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        read_page(body, SERVICES)


@pytest.mark.parametrize("line", [b"", b"[]", b'{"type":5}', b'{"object":{}}', b"\xff"])
def test_what_is_no_event(line: bytes) -> None:
    with pytest.raises(Garbled):
        read_event(line)


def test_bookmarks() -> None:
    end = {"metadata": {"resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}}
    assert read_bookmark(raw(end)) == Bookmark("9", ends_initial_events=True)
    assert read_bookmark(raw({"metadata": {"resourceVersion": "9"}})) == Bookmark("9", ends_initial_events=False)
    with pytest.raises(Garbled):
        read_bookmark(raw({}))


def test_a_status() -> None:
    found = read_status(raw({"code": 410, "reason": "Expired", "message": "old", "details": {"retryAfterSeconds": 2}}))
    assert (found.code, found.reason) == (410, "Expired")
    assert read_status(Raw(b"5")).message


def test_an_object_is_read_as_from_a_file() -> None:
    value = {
        "metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "3", "managedFields": [{}]},
        "spec": {"ports": [{"port": 80, "targetPort": "http"}], "clusterIP": "None"},
    }
    assert ObjectDecoder(SERVICES).read(raw(value)) == parse({"apiVersion": "v1", "kind": "Service", **value}).object


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"metadata": {"name": "a", "namespace": "n", "uid": "u"}, "spec": {"ports": 1}}, "a"),
        ({"metadata": {"name": "a", "namespace": "n", "uid": "u", "labels": {"a": 1}}}, "a"),
        ({"metadata": {"name": "", "namespace": "n"}}, None),
        ({"metadata": {"name": 1}}, None),
        ({"metadata": None}, None),
        ([], None),
        ({"kind": "Widget", "metadata": {"name": "a", "namespace": "n", "uid": "u"}, "spec": 1}, "a"),
    ],
)
def test_a_flawed_object_is_named_if_it_can_be(value: object, key: str | None) -> None:
    found = ObjectDecoder(SERVICES).read(raw(value))
    assert isinstance(found, Flawed)
    assert found.key == (ObjectKey("Service", "n", key) if key else None)
    assert found.problems


def test_a_secret_with_line_breaks_in_its_base64_is_read() -> None:
    data = base64.encodebytes(b"x" * 100).decode()
    found = ObjectDecoder(resource_of("Secret")).read(
        raw({"metadata": {"name": "a", "namespace": "n"}, "data": {"k": data}, "immutable": True})
    )
    assert not isinstance(found, Flawed)


def test_deep_nesting_is_a_flaw_and_no_crash() -> None:
    deep = b'{"metadata":{"name":"a","namespace":"n"},"spec":{"ports":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    assert isinstance(ObjectDecoder(SERVICES).read(Raw(deep)), Flawed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(("a", "80", "a/b")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), JSON, st.booleans())
def test_whatever_comes_is_an_object_or_a_flaw(kind: Kind, value: Any, named: bool) -> None:
    if named and isinstance(value, dict):
        value = {**value, "metadata": {"name": "a", "namespace": "n" if kind.namespaced else "", "uid": "u"}}
    found = ObjectDecoder(resource_of(kind.name)).read(Raw(json.dumps(value).encode()))
    assert isinstance(found, (Flawed, kind.type))
    if isinstance(found, Flawed):
        assert found.problems


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"-0", b"NaN"])
def test_texts_and_numbers_that_are_none(text: bytes) -> None:
    body = b'{"metadata":{"name":"a","namespace":"n","annotations":{"k":' + text + b"}}}"
    assert isinstance(ObjectDecoder(SERVICES).read(Raw(body)), Flawed)


# --- names and paths ---


def test_every_kind_that_is_read_has_a_path() -> None:
    for kind in KINDS:
        resource = resource_of(kind.name)
        assert (resource.api_version, resource.namespaced) == (kind.api_version, kind.namespaced)
    assert len({resource.kind for resource in RESOURCES}) == len(RESOURCES)


def test_paths() -> None:
    assert path_of("Ingress") == "/apis/networking.k8s.io/v1/ingresses"
    assert path_of("Ingress", "shop") == "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
    status = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/a/status"
    assert path_of("Ingress", "shop", "a", "status") == status
    assert path_of("Secret", "a/b", "c?d") == "/api/v1/namespaces/a%2Fb/secrets/c%3Fd"
    assert path_of("IngressClass", name="nginx") == "/apis/networking.k8s.io/v1/ingressclasses/nginx"
    with pytest.raises(ValueError, match="Namespace has no namespaces"):
        path_of("Namespace", "a")


def test_targets_in_words() -> None:
    assert str(Target("Ingress")) == "ingresses"
    assert str(Target("Service", "shop", labels="a=b")) == "services in namespace shop with a=b"
    assert str(Target("Secret", "shop", "tls")) == "secrets shop/tls"
    assert str(Denial("watch", Target("Ingress"))) == (
        "not allowed to watch ingresses; add to the ClusterRole: "
        'apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list", "watch"]'
    )
