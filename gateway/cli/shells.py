"""The grammar as a script for each shell. Every text is quoted for the shell that reads it."""

from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType
from typing import Final

from gateway.cli.grammar import Command, Option

FILES: Final = ("FILE", "PATH", "DIR")  # metavars of values that are files
_HEAD: Final = "# Made by `sallygate completion {which}`.\n"


def bash(commands: Sequence[Command]) -> str:
    return _HEAD.format(which="bash") + _BASH.format(
        top=_words(command.words[0] for command in commands if len(command.words) == 1),
        cases="".join(map(_bash_case, commands)),
        values="".join(map(_bash_values, commands)),
    )


def _bash_case(command: Command) -> str:
    flags = [flag for option in command.options for flag in option.flags]
    words = _words([*flags, *command.operands])
    return f"    {_quoted(' '.join(command.words))}) words={_quoted(words)} ;;\n"


def _bash_values(command: Command) -> str:
    return "".join(_bash_value(command, one) for one in command.options if one.choices or one.value in FILES)


def _bash_value(command: Command, option: Option) -> str:
    called = "|".join(_quoted(f"{' '.join(command.words)} {flag}") for flag in option.flags)
    words = _quoted(_words(option.choices))
    return f"    {called}) values={words}; return 0 ;;\n"


_BASH: Final = """\
_sallygate_words() {{
  case $1 in
{cases}    *) words=; return 1 ;;
  esac
}}
_sallygate_values() {{
  case $1 in
{values}  esac
  return 1
}}
_sallygate() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words= values= name=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W '{top} --help --version' -- "$current")
    return
  fi
  if [[ $COMP_CWORD -gt 2 ]] && _sallygate_words "$name ${{COMP_WORDS[2]}}"; then
    name="$name ${{COMP_WORDS[2]}}"
  else
    _sallygate_words "$name"
  fi
  if _sallygate_values "$name $before"; then
    [[ -n $values ]] && mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    [[ -n $values ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ $current == -* ]] || mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$current")
}}
complete -o filenames -F _sallygate sallygate
"""


def zsh(commands: Sequence[Command]) -> str:
    top = "".join(
        f"    {_quoted(f'{_colons(command.words[0])}:{command.help}')}\n"
        for command in commands
        if len(command.words) == 1
    )
    return _HEAD.format(which="zsh") + _ZSH.format(top=top, cases="".join(map(_zsh_case, commands)))


def _zsh_case(command: Command) -> str:
    lines = [spec for option in command.options for spec in _zsh_options(option)]
    if command.operands:
        lines.append(_quoted(f"1: :({_words(command.operands)})"))
    lines.append(_quoted("*: :_files"))
    body = " \\\n        ".join(lines)
    return f"    {_quoted(' '.join(command.words))})\n      _arguments \\\n        {body} ;;\n"


def _zsh_options(option: Option) -> Iterable[str]:
    text = option.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    for flag in option.flags:
        value = ""
        if option.choices:
            value = f":{option.value}:({_words(option.choices)})"
        elif option.value:
            value = f":{_colons(option.value)}:_files" if option.value in FILES else f":{_colons(option.value)}: "
        yield _quoted(f"*{flag}[{text}]{value}")


_ZSH: Final = """\
#compdef sallygate
_sallygate() {{
  local -a commands=(
{top}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  [[ $name == migrate && CURRENT -gt 3 ]] && name="$name $words[3]" && shift words && (( CURRENT-- ))
  shift words
  (( CURRENT-- ))
  case $name in
{cases}  esac
}}
(( $+functions[compdef] )) && compdef _sallygate sallygate
"""


def fish(commands: Sequence[Command]) -> str:
    lines = [_HEAD.format(which="fish").rstrip(), "complete -c sallygate -f"]
    for command in commands:
        if len(command.words) == 1:
            where = "__fish_use_subcommand"
            lines.append(f"complete -c sallygate -n {where} -a {command.words[0]} -d {_fish(command.help)}")
        lines += _fish_command(command)
    return "\n".join(lines) + "\n"


def _fish_command(command: Command) -> Iterable[str]:
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
    start = f"complete -c sallygate -n {_fish(seen)}"
    for operand in command.operands:
        yield f"{start} -a {operand}"
    for option in command.options:
        names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
        value = ""
        if option.choices:
            value = f" -x -a {_fish(_words(option.choices))}"
        elif option.value:
            value = " -r -F" if option.value in FILES else " -x"
        yield f"{start} {names}{value} -d {_fish(option.help)}"
    if any(option.value == "PATH" or "PATH" in option.help for option in command.options):
        yield f"{start} -F"


def _words(words: Iterable[str]) -> str:
    return " ".join(words)


def _quoted(text: str) -> str:
    """For bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _colons(text: str) -> str:
    return text.replace(":", "\\:")


SCRIPTS: Final = MappingProxyType[str, Callable[[Sequence[Command]], str]]({"bash": bash, "zsh": zsh, "fish": fish})
