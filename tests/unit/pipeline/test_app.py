"""How settings become rules."""

from pathlib import Path

import pytest

from gateway.ir.backend import Endpoint
from gateway.ir.ids import BackendId, CertificateId
from gateway.settings.control import ControlSettings, IngressSettings, ProcessSettings, SettingsError, SourceSettings
from gateway.settings.values import ObjectName, service_mapping

pytest.importorskip("gateway._core", reason="the compiled module is not built")

from gateway import app


def resolve(name: str) -> str:
    if name == "localhost":
        return "127.0.0.1"
    raise OSError(-2, "Name or service not known")


def control(ingress: IngressSettings, *paths: Path) -> ControlSettings:
    process, sources = ProcessSettings(state_dir=Path("/state")), SourceSettings(paths=paths)
    return ControlSettings(process=process, sources=sources, ingress=ingress)


def test_a_mapping_with_the_port_wins_and_of_equals_the_last() -> None:
    texts = ("a/web=10.0.0.1:1", "a/web:80=10.0.0.2:2", "a/web=10.0.0.3:3", "a/api:http=localhost:4", "a/six=[::1]:5")
    services = app.service_map(map(service_mapping, texts), resolve)
    assert services("a", "web", "80") == (Endpoint("10.0.0.2", 2),)
    assert services("a", "web", "https") == (Endpoint("10.0.0.3", 3),)
    assert services("a", "api", "http") == (Endpoint("127.0.0.1", 4),)
    assert services("a", "api", "80") is None
    assert services("a", "six", "80") == (Endpoint("::1", 5),)
    assert services("b", "web", "80") is None


def test_a_name_that_does_not_resolve_is_wrong_usage() -> None:
    with pytest.raises(SettingsError, match="the name nowhere cannot be resolved"):
        app.service_map([service_mapping("a/web=nowhere:80")], resolve)


def test_settings_become_rules() -> None:
    settings = IngressSettings(
        ingress_class="internal",
        controller_class="example.com/x",
        watch_ingress_without_class=True,
        disable_catch_all=True,
        default_ssl_certificate=ObjectName("infra", "wild"),
        default_backend_service=ObjectName("infra", "sorry"),
    )
    rules = app.rules(control(settings), lambda _namespace, _service, _port: None)
    assert (rules.ingress_class, rules.controller_class) == ("internal", "example.com/x")
    assert rules.watch_ingress_without_class
    assert not rules.catch_all
    assert rules.default_ssl_certificate == CertificateId("infra", "wild")
    assert rules.default_backend_service == BackendId("infra", "sorry", "")
    assert rules.class_objects_required
    plain = app.rules(control(IngressSettings(), Path("a.yaml")), lambda _namespace, _service, _port: None)
    assert not plain.class_objects_required
    assert plain.catch_all
    assert (plain.default_ssl_certificate, plain.default_backend_service) == (None, None)
