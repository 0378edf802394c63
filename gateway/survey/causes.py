"""Why a route is as it is: what of it would be different without each annotation of its Ingress, and each option.

Nothing here knows what an annotation means. The Ingress is translated again without it, by the translation that serves,
and the difference is what it does.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.route import HostTable, Route
from gateway.objects.core import ConfigMap
from gateway.objects.ingress import Ingress
from gateway.objects.meta import ObjectKey
from gateway.survey.standing import Standing
from gateway.survey.variant import Variant
from gateway.translate.configmap.table import BY_NAME as OPTIONS
from gateway.translate.translate import Translator

ANNOTATIONS: Final = 200  # tried on their own; nobody has so many that the gateway knows

Facts = Mapping[str, str]


class Cause(Struct, frozen=True):
    """`field` of `object` decides about `facts`: an annotation, an option of the ConfigMap, or another place."""

    object: ObjectKey
    field: str
    facts: frozenset[str]


def facts(route: Route) -> dict[str, str]:
    """All that a route does, by name: what it consists of, flattened, without what is not set."""
    found = dict(_flat("", route.policy))
    found |= _flat("action", route.action)
    found |= _flat("match", route.match)
    return found


def causes(standing: Standing, ingress: Ingress, host: str, route: Route) -> list[Cause]:
    """Of the facts of a route that was written in `ingress`."""
    neighbours = [one for one in standing.store.ingresses() if _touches(one, host)]
    trial = _Trial(standing, neighbours, host)
    found = []
    for key, field, changed in _variants(standing, ingress):
        other = trial.route(key, changed, route)
        trial.reset(key)
        before, after = facts(route), facts(other) if other is not None else {}
        differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        if differing:
            found.append(Cause(key, field, frozenset(differing)))
    return found


class _Trial:
    """A translation of the Ingresses that share a host, in which one of them may be replaced."""

    def __init__(self, standing: Standing, neighbours: Iterable[Ingress], host: str) -> None:
        self._view = Variant(standing.store)
        self._table = standing.rules.table
        self._host = host
        self._translator = Translator(self._view, standing.rules)
        options = standing.rules.options
        asked = {_key(one) for one in neighbours} | ({options} if options is not None else set())
        self._standing = self._translator.update(asked).hosts.get((self._table, host))

    def route(self, key: ObjectKey, changed: Ingress | ConfigMap, like: Route) -> Route | None:
        self._view.replaced[key] = changed
        hosts = self._translator.update({key}).hosts
        table = hosts.get((self._table, self._host), self._standing)
        return _find(table, like) if table is not None else None

    def reset(self, key: ObjectKey) -> None:
        del self._view.replaced[key]
        self._translator.update({key})


def _variants(standing: Standing, ingress: Ingress) -> Iterator[tuple[ObjectKey, str, Ingress | ConfigMap]]:
    """The Ingress, or the ConfigMap, without each of the things that may decide something, one at a time."""
    key = _key(ingress)
    start = f"{standing.rules.annotations_prefix}/"
    annotations = ingress.metadata.annotations
    names = [name for name in sorted(annotations) if name.startswith(start)]
    for name in names[:ANNOTATIONS]:
        left = {other: value for other, value in annotations.items() if other != name}
        changed = replace(ingress, metadata=replace(ingress.metadata, annotations=left))
        yield key, f"metadata.annotations[{name}]", changed
    if ingress.spec.tls:
        yield key, "spec.tls", replace(ingress, spec=replace(ingress.spec, tls=()))
    options = standing.rules.options
    config_map = standing.store.config_map(options.namespace, options.name) if options is not None else None
    if options is None or config_map is None:
        return
    for name in sorted(config_map.data):
        if name in OPTIONS and OPTIONS[name].apply is not None:
            left = {other: value for other, value in config_map.data.items() if other != name}
            yield options, f"data[{name}]", replace(config_map, data=left)


def _touches(ingress: Ingress, host: str) -> bool:
    """Has it a say about the host? A wildcard decides about the TLS of hosts below it."""
    above = f"*.{host.partition('.')[2]}"
    named = [rule.host.lower() for rule in ingress.spec.rules] or [""]
    return host in named or above in named


def _find(table: HostTable, like: Route) -> Route | None:
    same = [one for one in table.routes if one.id == like.id]
    return next((one for one in same if type(one.match) is type(like.match)), same[0] if same else None)


def _key(ingress: Ingress) -> ObjectKey:
    return ObjectKey("Ingress", ingress.metadata.namespace, ingress.metadata.name)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Names and texts of what is set. Secrets say only that they are there, as they do everywhere."""
    if isinstance(value, Struct):
        inner = [(field, getattr(value, field)) for field in value.__struct_fields__]
        tag = value.__struct_config__.tag
        if isinstance(tag, str):
            yield name, tag
        for field, one in inner:
            yield from _flat(f"{name}.{field}" if name else field, one)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, Enum):
        yield name, str(value.value)
    elif isinstance(value, tuple | list | frozenset):
        yield name, ", ".join(text for one in value for _, text in _flat("", one))
    elif isinstance(value, Mapping):
        yield name, ", ".join(f"{key}: {one}" for key, one in value.items())
    elif isinstance(value, bytes):
        yield name, f"({len(value)} bytes)"  # whatever it is, it is not for eyes
    elif value is not None:
        yield name, str(value)
