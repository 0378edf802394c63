"""The ConfigMaps that flags name → the rules as their options ask for them, and what is to be said of them."""

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.configmap import headers
from gateway.translate.configmap.read import judge_options, with_options
from gateway.translate.rules import Rules
from gateway.verdicts import reasons_options as reasons
from gateway.verdicts.verdict import ObjectRef, Verdict

_PORT_FIX: Final = "keep another way in for this port"


def named(rules: Rules) -> frozenset[ObjectKey]:
    """The ConfigMaps that are asked for."""
    found = (rules.options, rules.tcp_services, rules.udp_services)
    return frozenset(one for one in found if one is not None)


def applied(rules: Rules, view: View) -> Rules:
    """`rules` as the ConfigMap with options, if there is one, asks for them."""
    key = rules.options
    found = view.config_map(key.namespace, key.name) if key is not None else None
    if key is None or found is None:
        return rules
    return headers.filled(with_options(rules, found.data), key.namespace, view)


def header_maps(rules: Rules) -> frozenset[ObjectKey]:
    """The ConfigMaps with headers that the options in force name."""
    return headers.named(rules, rules.options.namespace) if rules.options is not None else frozenset()


def judge(key: ObjectKey, view: View, rules: Rules) -> tuple[Verdict, ...]:
    subject = ObjectRef(*key)
    found = view.config_map(key.namespace, key.name)
    if found is None:
        unread = view.unread(key)
        text = f"it could not be read: {unread.reason}" if unread else "there is no such ConfigMap"
        fix = unread.fix if unread else "create it, or remove the flag that names it"
        return (reasons.OPTIONS_MISSING.verdict(subject, "", key.name, text, fix),)
    said: list[Verdict] = []
    if key == rules.options:
        said += judge_options(subject, found.data, rules)
        said += headers.judge(subject, found.data, view)
    if key in (rules.tcp_services, rules.udp_services):
        said += _ports(subject, found.data, "TCP" if key == rules.tcp_services else "UDP")
    return tuple(said)


def _ports(subject: ObjectRef, data: Mapping[str, str], protocol: str) -> Iterable[Verdict]:
    for port, target in sorted(data.items()):
        text = f"{protocol} port {port} is to lead to a Service, and only HTTP and HTTPS are served"
        yield reasons.PORT_UNSUPPORTED.verdict(subject, f"data[{port}]", target, text, _PORT_FIX)
