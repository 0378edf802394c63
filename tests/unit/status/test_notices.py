"""Which verdicts become Events, and what these say."""

from gateway.status.notices import notices
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict

SHOP = ObjectRef("Ingress", "default", "shop")


def verdict(
    severity: Severity = Severity.ERROR, subject: ObjectRef = SHOP, field: str = "", value: str = ""
) -> Verdict:
    return Verdict("GW240", severity, subject, field, value, "no such Service", "create it")


def test_errors_and_warnings_are_told_and_remarks_are_not() -> None:
    said = list(notices([verdict(severity) for severity in Severity], lambda _: "uid"))
    assert [one.type for one in said] == ["Warning", "Warning"]
    assert {one.reason for one in said} == {"GW240"}
    assert (said[0].kind, said[0].namespace, said[0].name, said[0].uid) == ("Ingress", "default", "shop", "uid")


def test_the_sentence_has_field_value_reason_and_fix() -> None:
    (one,) = notices([verdict(field="spec.rules[0].host", value='a"b')], lambda _: "uid")
    assert one.message == 'spec.rules[0].host "a\\"b": no such Service; create it'
    (bare,) = notices([verdict()], lambda _: "uid")
    assert bare.message == "no such Service; create it"


def test_what_is_no_object_of_the_cluster_gets_none() -> None:
    file = verdict(subject=ObjectRef())
    route = verdict(subject=ObjectRef("Strange", "default", "x"))
    assert list(notices([file, route], lambda _: "uid")) == []
    assert list(notices([verdict()], lambda _: "")) == []
