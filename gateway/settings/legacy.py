"""Flags of ingress-nginx that have no effect here. Each is known, so that a Deployment's arguments can stay as they
are: a value that asks for what is done anyway is taken without a word, another is told once, and one that asks for
something that would be missed is refused. Standard library only.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple


class Legacy(NamedTuple):
    """`harmless` are the values that ask for what is done anyway. `why` says what is done instead. With `fix` every
    other value is refused. `underscored`: as klog writes the names of its flags.
    """

    attribute: str
    why: str
    harmless: tuple[str, ...] = ()
    fix: str = ""
    boolean: bool = False
    underscored: bool = False

    @property
    def flag(self) -> str:
        return f"--{self.attribute if self.underscored else self.attribute.replace('_', '-')}"

    @property
    def flags(self) -> tuple[str, ...]:
        """With the short one, where there is one."""
        return ("-v", self.flag) if self.attribute == "v" else (self.flag,)


_TRUE: Final = ("true", "1", "t", "T", "TRUE", "True")
_FALSE: Final = ("false", "0", "f", "F", "FALSE", "False")


def _always(attribute: str, why: str) -> Legacy:
    return Legacy(attribute, why, _TRUE, boolean=True)


def _never(attribute: str, why: str, fix: str = "") -> Legacy:
    return Legacy(attribute, why, _FALSE, fix, boolean=True)


def _either(attribute: str, why: str) -> Legacy:
    return Legacy(attribute, why, (*_TRUE, *_FALSE), boolean=True)


def _group(why: str, *attributes: str) -> Iterator[Legacy]:
    return (Legacy(attribute, why) for attribute in attributes)


_METRICS: Final = "metrics and their labels are fixed"
_WEBHOOK: Final = (
    "reviews are answered by `sallygate webhook`; delete the ValidatingWebhookConfiguration of ingress-nginx, "
    "or the API server refuses every Ingress while nobody answers it"
)
_DATAPLANE: Final = "control has no listener; give it to `sallygate dataplane` or `sallygate run`"
_LOGGING: Final = "log lines go to stderr, one level of detail for all"


def _klog(*attributes: str, boolean: bool = False) -> Iterator[Legacy]:
    return (Legacy(attribute, _LOGGING, boolean=boolean, underscored=True) for attribute in attributes)


LEGACY: Final = (
    _always("enable_annotation_validation", "annotations are always validated"),
    _always("deep_inspect", "no configuration text is made of objects, so there is none to inspect"),
    _never("enable_ssl_passthrough", "TLS passthrough is not supported yet", "remove the flag"),
    *_group("there is no proxy of its own for passthrough", "ssl_passthrough_proxy_port"),
    *_group("unknown hosts are answered on the ports of all others", "default_server_port"),
    *_group("probes are answered on --bind-address of the data plane", "healthz_host"),
    Legacy(
        "health_check_path",
        "probes are answered on /healthz, /livez and /readyz",
        ("/healthz",),
        "probe /healthz, and remove the flag",
    ),
    *_group("a probe waits for nothing", "health_check_timeout"),
    _always("enable_metrics", "metrics are always there, on --healthz-port"),
    *(
        Legacy(attribute, _METRICS, boolean=True)
        for attribute in (
            "metrics_per_host",
            "metrics_per_undefined_host",
            "report_status_classes",
            "exclude_socket_metrics",
        )
    ),
    *_group(_METRICS, "time_buckets", "length_buckets", "size_buckets", "bucket_factor", "max_buckets"),
    *_group("nothing is gathered in batches", "monitor_max_batch_size"),
    *_group(_WEBHOOK, "validating_webhook", "validating_webhook_certificate", "validating_webhook_key"),
    Legacy("disable_full_test", _WEBHOOK, boolean=True),
    *_group(
        "--shutdown-grace-period and --drain-timeout of the data plane bound its end", "post_shutdown_grace_period"
    ),
    *_group("changes are served after 20 ms of quiet, 250 ms at the latest", "sync_rate_limit"),
    *_group("what is known is never told anew: watches do not lose anything", "sync_period"),
    *_group("a snapshot is taken or refused as a whole", "dynamic_configuration_retries"),
    _never("enable_topology_aware_routing", "requests go to the endpoints of all zones"),
    Legacy("disable_sync_events", "there are no events about syncs", _TRUE, boolean=True),
    Legacy("profiling", "there is no profiler", _FALSE, boolean=True),
    *_group("there is no port of this kind", "profiler_port", "status_port", "stream_port", "internal_logger_address"),
    _never("enable_ssl_chain_completion", "certificate chains are served as they are stored"),
    *_group(
        "there is no GeoIP",
        "maxmind_edition_ids",
        "maxmind_license_key",
        "maxmind_mirror",
        "maxmind_retries_count",
        "maxmind_retries_timeout",
    ),
    *_klog("v", "vmodule", "stderrthreshold", "log_backtrace_at", "log_dir", "log_file", "log_file_max_size"),
    *_klog("logtostderr", "alsologtostderr", "add_dir_header", "one_output", boolean=True),
    *_klog("skip_headers", "skip_log_headers", boolean=True),
)
DATAPLANE: Final = tuple(
    _group(_DATAPLANE, "bind_address", "http_port", "https_port", "healthz_port", "shutdown_grace_period")
)
"""Flags of the data plane. ingress-nginx is one process, and its arguments hold them, too."""


class Refusal(Exception):  # noqa: N818 -- of a flag, told as wrong usage
    """A flag that cannot be done without."""


def remarks(flags: Mapping[str, object]) -> Iterator[str]:
    """A line for each flag that was given and has no effect. Raises Refusal."""
    for row in (*LEGACY, *DATAPLANE):
        given = flags.get(row.attribute)
        if not isinstance(given, str) or given in row.harmless:
            continue
        if row.boolean and given not in (*_TRUE, *_FALSE):
            raise Refusal(f"{row.flag} {given!r}: use true or false")
        if row.fix:
            raise Refusal(f"{row.flag} {given!r}: {row.why}; {row.fix}")
        yield f"{row.flag} has no effect: {row.why}"
