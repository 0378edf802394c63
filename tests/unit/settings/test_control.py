"""Flags over environment over defaults, and complaints that say what would be right."""

from pathlib import Path

import pytest

from gateway.settings import control
from gateway.settings.control import SettingsError, load
from gateway.settings.values import ObjectName, ServiceMapping

STATE = {"state_dir": "/state"}


def test_defaults_are_those_of_ingress_nginx() -> None:
    settings = load(STATE, {})
    assert settings.ingress.ingress_class == "nginx"
    assert settings.ingress.controller_class == "k8s.io/ingress-nginx"
    assert not settings.ingress.watch_ingress_without_class
    assert settings.ingress.default_ssl_certificate is None
    assert settings.process.state_dir == Path("/state")
    assert settings.sources.paths == ()


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    environment = {"SALLYGATE_INGRESS_CLASS": "from-environment", "SALLYGATE_CONTROLLER_CLASS": "example.com/env"}
    settings = load({**STATE, "ingress_class": "from-flag"}, environment)
    assert settings.ingress.ingress_class == "from-flag"
    assert settings.ingress.controller_class == "example.com/env"


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert load(STATE, {"SALLYGATE_INGRESS_CLASS": ""}).ingress.ingress_class == "nginx"


def test_maps_come_from_repeated_flags_or_one_variable() -> None:
    shop = ServiceMapping("default", "shop", "80", "127.0.0.1", 9001)
    blog = ServiceMapping("default", "blog", "", "::1", 9002)
    texts = [str(shop), str(blog)]
    assert load({**STATE, "map": texts}, {}).sources.maps == (shop, blog)
    assert load(STATE, {"SALLYGATE_MAP": ", ".join(texts)}).sources.maps == (shop, blog)


def test_the_state_dir_may_stand_in_the_environment_and_must_stand_somewhere() -> None:
    assert load({}, {"SALLYGATE_STATE_DIR": "/other"}).process.state_dir == Path("/other")
    with pytest.raises(SettingsError, match="--state-dir is missing"):
        load({}, {})


def test_names_and_booleans_are_typed() -> None:
    settings = load({**STATE, "default_ssl_certificate": "infra/wild", "watch_ingress_without_class": "true"}, {})
    assert settings.ingress.default_ssl_certificate == ObjectName("infra", "wild")
    assert settings.ingress.watch_ingress_without_class


@pytest.mark.parametrize(
    ("flags", "environment", "said"),
    [
        ({"map": ["shop=1.2.3.4:80"]}, {}, "--map 'shop=1.2.3.4:80': use NAMESPACE/SERVICE"),
        ({"map": ["default/shop"]}, {}, "--map 'default/shop': use NAMESPACE/SERVICE"),
        ({"map": ["default/shop=1.2.3.4"]}, {}, "after = comes HOST:PORT"),
        ({"map": ["default/shop=1.2.3.4:0"]}, {}, "port from 1 to 65535"),
        ({"map": ["default/shop=1.2.3.4:65536"]}, {}, "port from 1 to 65535"),
        ({"map": ["default/shop=1.2.3.4:٣"]}, {}, "port from 1 to 65535"),
        ({"map": ["default/shop=::1:80"]}, {}, "between [ and ]"),
        ({"map": ["default/shop=[::x]:80"]}, {}, "stands an IPv6 address"),
        ({"default_ssl_certificate": "wild"}, {}, "--default-ssl-certificate 'wild': use NAMESPACE/NAME"),
        ({"default_backend_service": "a/b/c"}, {}, "--default-backend-service 'a/b/c': use NAMESPACE/NAME"),
        (
            {},
            {"SALLYGATE_WATCH_INGRESS_WITHOUT_CLASS": "maybe"},
            "SALLYGATE_WATCH_INGRESS_WITHOUT_CLASS 'maybe': use true",
        ),
    ],
)
def test_a_complaint_names_where_what_and_what_instead(
    flags: dict[str, object], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({**STATE, **flags}, environment)
    assert said in str(caught.value)


def test_every_setting_names_a_field_that_exists() -> None:
    fields = {*control.IngressSettings.__struct_fields__, "map"}
    assert {setting.name for setting in control.SETTINGS} == fields
