"""The value of Strict-Transport-Security, which four options make together."""

from typing import Final

from msgspec.structs import replace

from gateway.translate.rules import Rules

_AGE: Final = "max-age="
_SUBDOMAINS: Final = "includeSubDomains"
_PRELOAD: Final = "preload"


def hsts_on(rules: Rules, value: bool) -> Rules:
    return rules if value else replace(rules, hsts=None)


def hsts_age(rules: Rules, value: int) -> Rules:
    return _with(rules, _AGE, f"{_AGE}{max(0, value)}")


def hsts_subdomains(rules: Rules, value: bool) -> Rules:
    return _with(rules, _SUBDOMAINS, _SUBDOMAINS if value else "")


def hsts_preload(rules: Rules, value: bool) -> Rules:
    return _with(rules, _PRELOAD, _PRELOAD if value else "")


def _with(rules: Rules, start: str, part: str) -> Rules:
    """With one part of the value in place of the one that begins so. Nothing is added where the header is off."""
    if rules.hsts is None:
        return rules
    left = [one for one in rules.hsts.split("; ") if not one.startswith(start)]
    order = (_AGE, _SUBDOMAINS, _PRELOAD)
    parts = sorted(
        [*left, *([part] if part else [])], key=lambda one: [one.startswith(each) for each in order], reverse=True
    )
    return replace(rules, hsts="; ".join(parts))
