"""All that stands at one moment: objects, what is made of them, what there is to say. Must not know a source."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.store.events import Event
from gateway.store.store import Locate, Store
from gateway.translate.rules import Rules
from gateway.translate.translate import Translator
from gateway.verdicts.verdict import Verdict

Ask = Callable[[bytes, list[bytes], bytes], bytes]
"""`gateway._core.explain`."""


class Standing(Struct, frozen=True):
    """`verdicts` gives all that stand, in no order."""

    store: Store
    translator: Translator
    tree: Tree
    rules: Rules
    verdicts: Callable[[], Sequence[Verdict]]
    ask: Ask

    def take(self, events: Iterable[Event]) -> None:
        self.store.apply(events)

    def settle(self) -> None:
        """Translate and encode what was taken. An exception is our bug, and is raised."""
        publication = self.tree.apply(self.translator.update(self.store.take_dirty()))
        for _, error in publication.failures:
            raise error

    def under(self, rules: Rules) -> "Standing":
        """The same objects under other rules."""
        if rules == self.rules:
            return self
        translator, tree = Translator(self.store, rules), Tree()
        tree.apply(translator.update(self.store.roots()))
        return Standing(self.store, translator, tree, rules, lambda: tuple(_all(self.store, translator)), self.ask)

    @property
    def root(self) -> Digest:
        if self.tree.root is None:
            self.settle()
        assert self.tree.root is not None  # noqa: S101 -- `settle` has made one
        return self.tree.root


def stand(rules: Rules, locate: Locate | None, ask: Ask) -> Standing:
    """Of nothing yet."""
    store = Store(locate)
    translator = Translator(store, rules)

    def verdicts() -> Sequence[Verdict]:
        return tuple(_all(store, translator))

    return Standing(store, translator, Tree(), rules, verdicts, ask)


def _all(store: Store, translator: Translator) -> Iterator[Verdict]:
    yield from store.verdicts()
    yield from translator.verdicts()
