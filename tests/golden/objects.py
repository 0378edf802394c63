"""Objects out of YAML text, as the sources would tell the store about them."""

import random
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import yaml

from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.objects.parse import parse
from gateway.sources.positions import Positions
from gateway.store.events import Event, Upsert
from gateway.store.store import Locate, Store
from gateway.verdicts.verdict import Origin

T = TypeVar("T")


class Loader(yaml.SafeLoader):
    """Times stay text, as they are in JSON."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
FILE: Final = "in.yaml"


def load(text: str) -> list[Upsert]:
    """Every document of a YAML text. They are mistaken in what they ask for at most, never in their shape."""
    documents = [document for document in yaml.load_all(text, Loader) if document]
    return [_upsert(document, number) for number, document in enumerate(documents)]


def upsert(one: Object) -> Upsert:
    return Upsert(ObjectKey(type(one).__name__, one.metadata.namespace, one.metadata.name), one)


def locate(text: str) -> Locate:
    """Where a field of an object is written in the text."""
    positions = Positions(text)
    documents = {event.key: number for number, event in enumerate(load(text))}

    def find(key: ObjectKey, field: str) -> Origin | None:
        place = positions.find(documents[key], field) if key in documents else None
        return Origin(FILE, place.line + 1, place.column + 1) if place else None

    return find


def store_of(events: Iterable[Event], locate: Locate | None = None) -> Store:
    store = Store(locate)
    store.apply(events)
    return store


def shuffled(values: Sequence[T], seed: int) -> list[T]:
    return random.Random(seed).sample(values, len(values))


def _upsert(document: object, number: int) -> Upsert:
    reading = parse(document)
    assert reading.key is not None, reading
    assert reading.object is not None, reading
    return Upsert(reading.key, reading.object, Origin(FILE, number))
