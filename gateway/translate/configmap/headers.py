"""The ConfigMaps with headers that two options name. Whoever writes options may name them in any namespace."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from gateway.ir.filters import Header
from gateway.objects.meta import ObjectKey
from gateway.store.view import View
from gateway.translate.ingress.annotations.values import InvalidValueError
from gateway.translate.ingress.annotations.values_http import parse_template
from gateway.translate.limits import HEADERS
from gateway.translate.rules import Rules
from gateway.translate.tokens import header_problem
from gateway.verdicts import reasons_options as reasons
from gateway.verdicts.verdict import ObjectRef, Verdict

OPTIONS: Final = ("proxy-set-headers", "add-headers")


def named(rules: Rules, namespace: str) -> frozenset[ObjectKey]:
    return frozenset(_key(text, namespace) for text in (rules.request_headers_in, rules.response_headers_in) if text)


def filled(rules: Rules, namespace: str, view: View) -> Rules:
    """The rules with the headers themselves. What cannot be sent is left out; `judge` says so."""
    return replace(
        rules,
        request_headers=(*_own(rules), *_headers(rules.request_headers_in, namespace, view)),
        response_headers=_headers(rules.response_headers_in, namespace, view),
    )


def _own(rules: Rules) -> tuple[Header, ...]:
    """What an option asks for by itself."""
    found = [Header("X-Original-URI", "$request_uri")] if rules.original_uri else []
    if rules.original_host_in:
        variable = rules.original_host_in.lower().replace("-", "_")
        found.append(Header("X-Original-Forwarded-Host", f"$http_{variable}"))
    return tuple(found)


def judge(subject: ObjectRef, data: Mapping[str, str], view: View) -> Iterator[Verdict]:
    for name in OPTIONS:
        text = data.get(name, "").strip()
        if not text:
            continue
        key = _key(text, subject.namespace)
        found = view.config_map(key.namespace, key.name)
        if found is None:
            unread = view.unread(key)
            why = f"it could not be read: {unread.reason}" if unread else "there is no such ConfigMap"
            fix = unread.fix if unread else "create it, or name another one"
            yield reasons.OPTION_INVALID.verdict(subject, f"data[{name}]", text, f"{why}; no header is set", fix)
            continue
        for header, value in sorted(found.data.items()):
            problem = _problem(header, value.strip())
            if problem is not None:
                why = f"in ConfigMap {key.name}: {problem}; this header is left out"
                yield reasons.OPTION_INVALID.verdict(subject, f"data[{name}]", text, why, "correct it, or take it out")


def _key(text: str, namespace: str) -> ObjectKey:
    head, slash, tail = text.partition("/")
    return ObjectKey("ConfigMap", head if slash else namespace, tail if slash else head)


def _headers(text: str, namespace: str, view: View) -> tuple[Header, ...]:
    key = _key(text, namespace)
    found = view.config_map(key.namespace, key.name) if text else None
    data = sorted(found.data.items()) if found is not None else []
    sound = (Header(name, value.strip()) for name, value in data if _problem(name, value.strip()) is None)
    return tuple(sound)[:HEADERS]


def _problem(name: str, value: str) -> str | None:
    problem = header_problem(name)
    if problem is None and value:
        try:
            parse_template(value)
        except InvalidValueError as bad:
            return f"{name}: {bad.reason}"
    return problem
