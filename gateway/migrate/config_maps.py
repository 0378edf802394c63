"""The controller's ConfigMaps → what becomes of each key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from gateway.migrate.report import Item, Judgement, Subject, subject
from gateway.objects.core import ConfigMap
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.table import BY_NAME
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.idioms import advice
from gateway.translate.rules import Rules
from gateway.verdicts.reasons import readable
from gateway.verdicts.reasons_options import PORT_UNSUPPORTED
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict

Said = Mapping[ObjectRef, Sequence[Verdict]]

# What charts and manifests call it.
NAMES: Final = re.compile(
    r"(.*-)?(ingress-nginx-controller|nginx-configuration|nginx-load-balancer.*-conf|nginx-config)"
)
LABEL: Final = "app.kubernetes.io/name"
PORTS: Final = re.compile(r"(.*-)?(tcp|udp)(-services)?(-configmap)?")
TARGET: Final = re.compile(r"[^/]+/[^:]+:[^:]+(:PROXY)*")


def with_guesses(rules: Rules, view: View) -> Rules:
    """`rules` with the ConfigMaps that look like the controller's, where no flag names one."""
    for one in sorted(view.config_maps(), key=lambda one: (one.metadata.namespace, one.metadata.name)):
        key = ObjectKey("ConfigMap", one.metadata.namespace, one.metadata.name)
        if rules.options is None and _has_options(one):
            rules = replace(rules, options=key)
        elif rules.udp_services is None and _has_ports(one) and "udp" in one.metadata.name:
            rules = replace(rules, udp_services=key)
        elif rules.tcp_services is None and _has_ports(one):
            rules = replace(rules, tcp_services=key)
    return rules


def judge_config_maps(view: View, rules: Rules, said: Said) -> Iterator[Subject]:
    """Those that `rules` name. `said` are the verdicts by object."""
    for key in sorted({key for key in (rules.options, rules.tcp_services, rules.udp_services) if key is not None}):
        one = view.config_map(key.namespace, key.name)
        if one is None:
            continue
        verdicts = {verdict.field: verdict for verdict in said.get(ObjectRef(*key), ())}
        items = list(_options(one, verdicts)) if key == rules.options else list(_ports(one))
        yield _judge(one, view, items)


def _has_options(one: ConfigMap) -> bool:
    if NAMES.fullmatch(one.metadata.name):
        return True
    labelled = one.metadata.labels.get(LABEL) == "ingress-nginx"
    return labelled and any(name in BY_NAME for name in one.data)


def _has_ports(one: ConfigMap) -> bool:
    entries = bool(one.data) and all(port.isdecimal() and TARGET.fullmatch(to) for port, to in one.data.items())
    return entries and PORTS.fullmatch(one.metadata.name) is not None


def _judge(one: ConfigMap, view: View, items: list[Item]) -> Subject:
    ref = ObjectRef("ConfigMap", one.metadata.namespace, one.metadata.name)
    placed = []
    for item in items:
        origin = view.origin("ConfigMap", ref.namespace, ref.name, item.field)
        where = str(origin) if origin else ""
        placed.append(Item(item.field, item.value, item.judgement, item.how, item.change, item.code, where))
    origin = view.origin("ConfigMap", ref.namespace, ref.name, "")
    return subject(ref, str(origin) if origin else "", placed)


def _options(one: ConfigMap, said: Mapping[str, Verdict]) -> Iterator[Item]:
    for name, value in sorted(one.data.items()):
        field = f"data[{name}]"
        row, verdict = BY_NAME.get(name), said.get(field)
        shown = readable(value)
        if row is None or verdict is None:
            how = (row.differs if row is not None else "") or (verdict.reason if verdict else "")
            judgement = Judgement.DIFFERS if row is not None and row.differs else Judgement.WORKS
            code, change = (verdict.code, verdict.fix) if verdict else ("", "")
            yield Item(field, shown, judgement, how, change, code)
            continue
        change = (advice(value) if row.support is Support.REFUSED else "") or verdict.fix
        yield Item(field, shown, _judgement(row, verdict), row.differs or verdict.reason, change, verdict.code)


def _judgement(row: Option, verdict: Verdict) -> Judgement:
    """Of an option that asks for something, and of which something is to be said."""
    match row.support:
        case Support.REFUSED:
            return Judgement.CHANGE
        case Support.PLANNED:
            return Judgement.CHANGE if row.guard or row.instead else Judgement.DIFFERS
        case Support.NO_EFFECT:
            return Judgement.DIFFERS if row.differs else Judgement.WORKS
        case Support.SUPPORTED if verdict.severity is Severity.ERROR:
            return Judgement.CHANGE
        case _:
            return Judgement.WORKS  # an invalid value, or one that is gone: the same in ingress-nginx


def _ports(one: ConfigMap) -> Iterator[Item]:
    for port, target in sorted(one.data.items()):
        how = "only HTTP and HTTPS are served: nothing listens on this port"
        change = "keep another way in for this port"
        yield Item(f"data[{port}]", target, Judgement.CHANGE, how, change, PORT_UNSUPPORTED.code)
