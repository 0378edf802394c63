"""The ConfigMaps that flags name → what is to be said of them. Nothing in them is honoured yet."""

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.rules import Rules
from gateway.verdicts import reasons_options as reasons
from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import ObjectRef, Verdict

# Options that keep requests out. The others cost a feature, these cost a lock.
GUARDS: Final = (
    "allow-list-source-range",
    "block-",
    "denylist-source-range",
    "enable-modsecurity",
    "enable-owasp-modsecurity-crs",
    "global-auth-",
    "whitelist-source-range",
)
_OPTION_FIX: Final = "use annotations where they say the same; until then, remove it or expect what happens without it"
_GUARD_FIX: Final = "protect every Ingress by annotations, or do not open the gateway to those who must stay out"
_PORT_FIX: Final = "keep another way in for this port"


def named(rules: Rules) -> frozenset[ObjectKey]:
    """The ConfigMaps that are asked for."""
    found = (rules.options, rules.tcp_services, rules.udp_services)
    return frozenset(one for one in found if one is not None)


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
        said += _options(subject, found.data)
    if key in (rules.tcp_services, rules.udp_services):
        said += _ports(subject, found.data, "TCP" if key == rules.tcp_services else "UDP")
    return tuple(said)


def _options(subject: ObjectRef, data: Mapping[str, str]) -> Iterable[Verdict]:
    for name, value in sorted(data.items()):
        guard = name.startswith(GUARDS) and value.strip().lower() not in ("", "false", "0", "off")
        reason: Reason = reasons.GUARD_UNSUPPORTED if guard else reasons.OPTION_UNSUPPORTED
        text, fix = "the gateway does not read this option yet", _GUARD_FIX if guard else _OPTION_FIX
        yield reason.verdict(subject, f"data[{name}]", value, text, fix)


def _ports(subject: ObjectRef, data: Mapping[str, str], protocol: str) -> Iterable[Verdict]:
    for port, target in sorted(data.items()):
        text = f"{protocol} port {port} is to lead to a Service, and only HTTP and HTTPS are served"
        yield reasons.PORT_UNSUPPORTED.verdict(subject, f"data[{port}]", target, text, _PORT_FIX)
