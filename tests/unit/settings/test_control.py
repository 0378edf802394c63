"""Flags over environment over defaults, and complaints that say what would be right."""

from pathlib import Path

import pytest

from gateway.settings import control
from gateway.settings.cluster import ClusterSettings
from gateway.settings.control import SettingsError, load
from gateway.settings.election import ElectionSettings
from gateway.settings.flags import CLUSTER, ELECTION, FLAGS, INGRESS, STATUS, WATCH
from gateway.settings.legacy import DATAPLANE, LEGACY
from gateway.settings.status import StatusSettings
from gateway.settings.values import ObjectName, ServiceMapping
from gateway.settings.watch import WatchSettings

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
    files = {**STATE, "paths": ["apps"]}
    assert load({**files, "map": texts}, {}).sources.maps == (shop, blog)
    assert load(files, {"SALLYGATE_MAP": ", ".join(texts)}).sources.maps == (shop, blog)
    with pytest.raises(SettingsError, match="--map is for manifests in files"):
        load({**STATE, "map": texts}, {})


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
    groups = {
        INGRESS: control.IngressSettings,
        CLUSTER: ClusterSettings,
        WATCH: WatchSettings,
        ELECTION: ElectionSettings,
        STATUS: StatusSettings,
    }
    inner = {"clear_unserved", "events"}  # no flags of ingress-nginx
    for rows, group in groups.items():
        assert {row.attribute for row in rows} == set(group.__struct_fields__) - inner
    assert control.PARSERS.keys() <= {row.attribute for row in FLAGS}


def test_flags_of_a_cluster_are_read_into_their_groups() -> None:
    given = {
        **STATE,
        "kubeconfig": "/etc/kube",
        "watch_namespace_selector": "team in (shop, blog),!old",
        "tcp_services_configmap": "infra/tcp",
        "publish_status_address": "10.0.0.1,lb.example.com",
        "election_ttl": "30s",
        "update_status": "false",
        "annotations_prefix": "example.com",
    }
    settings = load(given, {"SALLYGATE_ELECTION_ID": "ours"})
    assert settings.cluster.kubeconfig == Path("/etc/kube")
    assert settings.watch.watch_namespace_selector == "team in (shop, blog),!old"
    assert settings.watch.tcp_services_configmap == ObjectName("infra", "tcp")
    assert settings.status.publish_status_address == ("10.0.0.1", "lb.example.com")
    assert not settings.status.update_status
    assert (settings.election.election_ttl, settings.election.election_id) == (30.0, "ours")
    assert settings.ingress.annotations_prefix == "example.com"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"paths": ["a.yaml"], "kubeconfig": "x"}, "--kubeconfig is about a cluster, and a.yaml is a PATH"),
        ({"paths": ["a.yaml"], "update_status": "true"}, "--update-status is about a cluster"),
        ({"watch_namespace": "a", "watch_namespace_selector": "b"}, "exclude each other"),
        ({"watch_namespace": "a,b"}, "--watch-namespace 'a,b': use the name of one namespace"),
        ({"watch_namespace_selector": "team=="}, None),
        ({"watch_namespace_selector": "team=a b"}, "--watch-namespace-selector 'team=a b': use label selectors"),
        ({"apiserver_host": "10.0.0.1:6443"}, "--apiserver-host '10.0.0.1:6443': use a URL"),
        ({"election_ttl": "1s"}, "use 3s or more"),
        ({"annotations_prefix": "a/b"}, "use a DNS name without a slash"),
        ({"health_check_path": "/up"}, "--health-check-path '/up': probes are answered on"),
        ({"enable_ssl_passthrough": "true"}, "TLS passthrough is not supported yet; remove the flag"),
        ({"enable_metrics": "maybe"}, "--enable-metrics 'maybe': use true or false"),
    ],
)
def test_flags_that_cannot_be_done_are_refused(given: dict[str, object], said: str | None) -> None:
    if said is None:
        load({**STATE, **given}, {})
        return
    with pytest.raises(SettingsError) as caught:
        load({**STATE, **given}, {})
    assert said in str(caught.value)


def test_a_flag_without_effect_is_told_and_one_that_asks_for_what_is_done_anyway_is_not() -> None:
    given = {"sync_period": "10m", "enable_metrics": "true", "enable_ssl_passthrough": "false", "http_port": "80"}
    assert load({**STATE, **given}, {}).remarks == (
        "--sync-period has no effect: what is known is never told anew: watches do not lose anything",
        "--http-port has no effect: control has no listener; give it to `sallygate dataplane` or `sallygate run`",
    )


def test_every_flag_of_ingress_nginx_is_known() -> None:
    """As its documentation lists them."""
    ingress_nginx = """
        annotations-prefix apiserver-host bucket-factor certificate-authority configmap controller-class deep-inspect
        default-backend-service default-server-port default-ssl-certificate disable-catch-all disable-full-test
        disable-leader-election disable-svc-external-name disable-sync-events dynamic-configuration-retries election-id
        election-ttl enable-annotation-validation enable-metrics enable-ssl-chain-completion enable-ssl-passthrough
        enable-topology-aware-routing exclude-socket-metrics health-check-path health-check-timeout healthz-host
        healthz-port http-port https-port ingress-class ingress-class-by-name internal-logger-address kubeconfig
        length-buckets max-buckets maxmind-edition-ids maxmind-license-key maxmind-mirror maxmind-retries-count
        maxmind-retries-timeout metrics-per-host metrics-per-undefined-host monitor-max-batch-size
        post-shutdown-grace-period profiler-port profiling publish-service publish-status-address
        report-node-internal-ip-address report-status-classes shutdown-grace-period size-buckets
        ssl-passthrough-proxy-port status-port status-update-interval stream-port sync-period sync-rate-limit
        tcp-services-configmap time-buckets udp-services-configmap update-status update-status-on-shutdown v
        validating-webhook validating-webhook-certificate validating-webhook-key watch-ingress-without-class
        watch-namespace watch-namespace-selector
    """
    klog = """
        add_dir_header alsologtostderr log_backtrace_at log_dir log_file log_file_max_size logtostderr one_output
        skip_headers skip_log_headers stderrthreshold v vmodule
    """
    known = {*(row.flag for row in FLAGS), *(name for row in (*LEGACY, *DATAPLANE) for name in row.flags)}
    assert {f"--{name}" for name in (*ingress_nginx.split(), *klog.split())} <= known
