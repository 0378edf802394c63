"""Findings as text: paragraphs for people, and workflow commands for GitHub."""

from gateway.cli.tables import painted, plain
from gateway.survey.findings import Finding, Findings

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}  # what GitHub calls them


def lines(found: Findings) -> str:
    """Three lines per finding: where and what; why; what to write instead."""
    return "".join(f"{_paragraph(one)}\n" for one in found.findings)


def _paragraph(one: Finding) -> str:
    place = f"{one.origin}: " if one.origin else ""
    value = f' = "{one.value}"' if one.value else ""
    word = painted(one.severity.value, one.severity.value)
    said = [f"{plain(place)}{word} {plain(f'{one.code} {one.object} {one.field}{value}').rstrip()}"]
    said += [f"    {plain(text)}" for text in (one.reason, f"fix: {one.fix}" if one.fix else "") if text]
    return "\n".join(said)


def summary(found: Findings) -> str:
    counts = ", ".join(f"{number} {_plural(word, number)}" for word, number in found.counts.items())
    told = "; `sallygate explain-code CODE` says more" if found.findings else ""
    return f"{counts}{told}"


def _plural(word: str, number: int) -> str:
    return word if number == 1 or word == "info" else f"{word}s"


def annotations(found: Findings) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    return "".join(f"{_command(one)}\n" for one in found.findings)


def _command(one: Finding) -> str:
    fields = {"file": one.file, "line": str(one.line or ""), "col": str(one.column or ""), "title": one.code}
    given = ",".join(f"{name}={_property(value)}" for name, value in fields.items() if value)
    sentence = "; ".join(part for part in (one.reason, one.fix) if part)
    return f"::{_COMMANDS[one.severity]} {given}::{_message(f'{one.object} {one.field}: {sentence}')}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
