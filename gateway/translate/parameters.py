"""The parameters of IngressClasses: a ConfigMap with the options of the gateway, for the Ingresses of one class only.

ingress-nginx ignores parameters, so what they mean is ours to say: `kind: ConfigMap`, `scope: Namespace`. Its keys
stand over those of the ConfigMap that `--configmap` names. An option that holds for sockets and connections, which know
no class, has no say here, and a verdict says so.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.objects.ingress import IngressClassParameters
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.configmap import headers
from gateway.translate.configmap.read import judge_options, with_options
from gateway.translate.configmap.table import BY_NAME
from gateway.translate.rules import Rules
from gateway.verdicts import reasons
from gateway.verdicts import reasons_options as said_of_options
from gateway.verdicts.verdict import ObjectRef, Verdict

WHOLE: Final = ("believed", "listener_tls", "endpoint_tls_shared", "connections", "log")
"""The rules that hold before it is known which Ingress a request is for, or for several Ingresses at once."""

_FIELD: Final = "spec.parameters"
_FIX: Final = "name a ConfigMap: kind: ConfigMap, scope: Namespace, a namespace and a name"


class ClassRules(Struct, frozen=True):
    """What holds for the Ingresses of a class. `rules` is None where that is what holds for all; `maps` are the
    ConfigMaps that went into it, there or not.
    """

    rules: Rules | None = None
    maps: frozenset[ObjectKey] = frozenset()
    verdicts: tuple[Verdict, ...] = ()


_PLAIN: Final = ClassRules()


class Parameters:
    """The classes of a view that have parameters, read again when something that they are made of has changed."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._classes: dict[str, ClassRules] = {}

    def rules_of(self, name: str) -> Rules | None:
        return self._classes.get(name, _PLAIN).rules

    @property
    def maps(self) -> frozenset[ObjectKey]:
        """The ConfigMaps that are asked for."""
        return frozenset().union(*(one.maps for one in self._classes.values()))

    def verdicts(self, name: str) -> tuple[Verdict, ...]:
        return self._classes.get(name, _PLAIN).verdicts

    def follow(self, keys: Iterable[ObjectKey], rules: Rules, *, everywhere: bool) -> set[str]:
        """The classes that were read again. `everywhere`: the options of the whole gateway have changed."""
        keys = set(keys)
        names = {key.name for key in keys if key.kind == "IngressClass" and key.name}
        names |= {name for name, one in self._classes.items() if everywhere or not one.maps.isdisjoint(keys)}
        for name in names:
            found = _read(name, self._view, rules)
            if found == _PLAIN:
                self._classes.pop(name, None)
            else:
                self._classes[name] = found
        return names


def _read(name: str, view: View, rules: Rules) -> ClassRules:
    found = view.ingress_class(name)
    if found is None or found.spec.controller != rules.controller_class or found.spec.parameters is None:
        return _PLAIN
    parameters = found.spec.parameters
    subject = ObjectRef("IngressClass", "", name)
    key = ObjectKey("ConfigMap", parameters.namespace, parameters.name)
    if problem := _problem(parameters):
        kind = f"{parameters.kind}.{parameters.api_group}" if parameters.api_group else parameters.kind
        verdict = reasons.CLASS_PARAMETERS.verdict(subject, _FIELD, f"{kind} {parameters.name}", problem, _FIX)
        return ClassRules(verdicts=(verdict,))
    options = view.config_map(key.namespace, key.name)
    if options is None:
        unread = view.unread(key)
        text = f"it could not be read: {unread.reason}" if unread else "there is no such ConfigMap"
        fix = unread.fix if unread else "create it, or remove the parameters"
        value = f"{key.namespace}/{key.name}"
        verdict = said_of_options.OPTIONS_MISSING.verdict(subject, f"{_FIELD}.name", value, text, fix)
        return ClassRules(maps=frozenset((key,)), verdicts=(verdict,))
    whole = {option for option, value in options.data.items() if _is_whole(option, value, rules)}
    data = {option: value for option, value in options.data.items() if option not in whole}
    own = with_options(rules, data)
    where = ObjectRef(*key)
    general = view.config_map(rules.options.namespace, rules.options.name) if rules.options is not None else None
    verdicts = (
        *judge_options(where, data, rules, general.data if general else {}),
        *headers.judge(where, data, view),
        *(_whole(where, option, options.data[option], name) for option in sorted(whole)),
    )
    maps = frozenset((key,)) | headers.named(own, key.namespace)
    return ClassRules(headers.filled(own, key.namespace, view), maps, verdicts)


def _problem(parameters: IngressClassParameters) -> str:
    if (parameters.kind, parameters.api_group) != ("ConfigMap", ""):
        kind = f"{parameters.kind}.{parameters.api_group}" if parameters.api_group else parameters.kind
        return f"parameters of kind {reasons.readable(kind)} are not read"
    if parameters.scope != "Namespace" or not parameters.namespace:
        return "a ConfigMap has a namespace, and none is named"
    return ""


def _is_whole(option: str, value: str, rules: Rules) -> bool:
    """Does the option say what cannot hold for a class alone?"""
    if option not in BY_NAME:
        return False
    changed = with_options(rules, {option: value})
    return any(getattr(changed, name) != getattr(rules, name) for name in WHOLE)


def _whole(subject: ObjectRef, option: str, value: str, name: str) -> Verdict:
    why = f"it holds for the whole gateway, and class {name} is a part of it; it has no effect here"
    fix = "write it into the ConfigMap that --configmap names"
    return said_of_options.OPTION_WHOLE.verdict(subject, f"data[{option}]", value, why, fix)
