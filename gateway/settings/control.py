"""The settings of the control plane, and how they are put together."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from gateway.settings import values
from gateway.settings.values import ObjectName, ServiceMapping

ENVIRONMENT_PREFIX: Final = "SALLYGATE_"


class SettingsError(Exception):
    """Names the flag or variable, the value found there, and what would be right."""


class SourceSettings(Struct, frozen=True, kw_only=True):
    """Where objects come from."""

    paths: tuple[Path, ...] = ()
    """Files and folders of manifests, watched for changes."""

    maps: tuple[ServiceMapping, ...] = ()
    """Addresses that stand in for Services, as there are no pods on a laptop."""


class IngressSettings(Struct, frozen=True, kw_only=True):
    """Which Ingresses are ours, and their defaults. Names and defaults are those of ingress-nginx's flags."""

    ingress_class: str = "nginx"
    """Name of the class whose Ingresses are served."""

    controller_class: str = "k8s.io/ingress-nginx"
    """`spec.controller` of the IngressClass objects that are ours."""

    watch_ingress_without_class: bool = False
    """Serve Ingresses that name no class as well."""

    default_ssl_certificate: ObjectName | None = None
    """Secret with the certificate for hosts that have none of their own. Without it, a self-signed one is shown."""

    default_backend_service: ObjectName | None = None
    """Service for requests that no rule takes. Without it, the answer is 404."""


class PaceSettings(Struct, frozen=True, kw_only=True):
    """How changes are gathered. Not settable from outside: tests shorten them."""

    quiet: float = 0.02
    """Seconds without an event after which a burst counts as over."""

    hold: float = 0.25
    """Seconds after which a burst is published even if it goes on."""


class ProcessSettings(Struct, frozen=True, kw_only=True):
    """The process and its neighbours."""

    state_dir: Path
    """Folder shared with the data plane; its socket is in there."""

    lifeline: int | None = None
    """Descriptor of a pipe whose end of file means that the supervisor is gone."""

    notify: int | None = None
    """Descriptor of a pipe on which the supervisor is told what happens, one JSON object per line."""


class ControlSettings(Struct, frozen=True, kw_only=True):
    process: ProcessSettings
    sources: SourceSettings = SourceSettings()
    ingress: IngressSettings = IngressSettings()
    pace: PaceSettings = PaceSettings()


class Setting(NamedTuple):
    """One row per flag of `sallygate control` that the environment may hold as well."""

    name: str
    parse: Callable[[str], Any]
    metavar: str
    help: str
    many: bool = False

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


INGRESS: Final = (
    Setting("ingress_class", values.text, "NAME", "serve Ingresses of this class (default: nginx)"),
    Setting(
        "controller_class",
        values.text,
        "NAME",
        "spec.controller of the IngressClass objects that are ours (default: k8s.io/ingress-nginx)",
    ),
    Setting("watch_ingress_without_class", values.flag, "BOOL", "serve Ingresses that name no class as well"),
    Setting(
        "default_ssl_certificate",
        values.object_name,
        "NS/NAME",
        "Secret for hosts without a certificate of their own (default: a self-signed one)",
    ),
    Setting(
        "default_backend_service",
        values.object_name,
        "NS/NAME",
        "Service for requests that no rule takes (default: answer 404)",
    ),
)
MAP: Final = Setting(
    "map",
    values.service_mapping,
    "NS/SERVICE[:PORT]=HOST:PORT",
    "address that stands in for a Service; may be given several times",
    many=True,
)
SETTINGS: Final = (*INGRESS, MAP)


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> ControlSettings:
    """`flags` holds texts as given on the command line, None where a flag was not given."""
    ingress = {setting.name: value for setting in INGRESS if (value := _value(setting, flags, environment)) is not None}
    state_dir = flags.get("state_dir") or environment.get(f"{ENVIRONMENT_PREFIX}STATE_DIR")
    if not state_dir:
        raise SettingsError(
            f"--state-dir is missing; name the folder shared with the data plane, or set {ENVIRONMENT_PREFIX}STATE_DIR"
        )
    return ControlSettings(
        process=ProcessSettings(state_dir=Path(state_dir), lifeline=flags.get("lifeline"), notify=flags.get("notify")),
        sources=SourceSettings(
            paths=tuple(Path(path) for path in flags.get("paths") or ()),
            maps=_value(MAP, flags, environment) or (),
        ),
        ingress=msgspec.structs.replace(IngressSettings(), **ingress),
    )


def _value(setting: Setting, flags: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    given = flags.get(setting.name)
    if given:
        texts = given if setting.many else [given]
        parsed = [_parse(setting, setting.flag, one) for one in texts]
    elif environment.get(setting.variable):
        value = environment[setting.variable]
        parts = [part.strip() for part in value.split(",") if part.strip()] if setting.many else [value]
        parsed = [_parse(setting, setting.variable, one) for one in parts]
    else:
        return None
    return tuple(parsed) if setting.many else parsed[0]


def _parse(setting: Setting, where: str, value: str) -> Any:
    try:
        return setting.parse(value)
    except ValueError as error:
        raise SettingsError(f"{where} {value!r}: {error}") from error
