"""The two-way index against the obvious model, and what a change costs."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.store.links import Links

NAMES = st.sampled_from("abcde")


@given(st.lists(st.tuples(NAMES, st.sets(NAMES))))
def test_it_agrees_with_the_obvious_model(steps: list[tuple[str, set[str]]]) -> None:
    links: Links[str, str] = Links()
    model: dict[str, set[str]] = {}
    for referrer, refs in steps:
        links.set_refs(referrer, refs)
        model[referrer] = refs
        for name in "abcde":
            assert links.refs(name) == model.get(name, set())
            assert links.referrers(name) == {one for one, its in model.items() if name in its}


def test_nothing_is_left_of_what_is_forgotten() -> None:
    links: Links[str, str] = Links()
    links.set_refs("a", ["x", "y", "x"])
    links.set_refs("a", ())
    assert (links._refs, links._referrers) == ({}, {})


class Key:
    """Counts how often any key is hashed or compared."""

    touched = 0

    def __init__(self, name: int) -> None:
        self.name = name

    def __hash__(self) -> int:
        Key.touched += 1
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        Key.touched += 1
        return isinstance(other, Key) and self.name == other.name


def test_one_change_among_100_000_referrers_touches_few_keys() -> None:
    links: Links[Key, Key] = Links()
    shared = Key(-1)
    keys = [Key(index) for index in range(100_000)]
    for key in keys:
        links.set_refs(key, [shared])
    Key.touched = 0
    links.set_refs(keys[500], [keys[1]])
    links.set_refs(keys[501], [])
    assert keys[500] in links.referrers(keys[1])
    assert Key.touched < 100
