"""Configuration text. Never supported: see SECURITY.md."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_refused = partial(Option, family="snippets", support=Support.REFUSED)

ROWS: Final = (
    _refused(
        name="main-snippet",
        instead="use typed annotations and options for what the text asks for, and remove it",
        doc="nginx text for the whole process.",
    ),
    _refused(
        name="http-snippet",
        guard=True,
        instead="use typed annotations and options for what the text asks for, and remove it",
        doc="nginx text for HTTP.",
    ),
    _refused(
        name="server-snippet",
        guard=True,
        instead="use typed annotations and options for what the text asks for, and remove it",
        doc="nginx text for all hosts.",
    ),
    _refused(
        name="location-snippet",
        guard=True,
        instead="use typed annotations and options for what the text asks for, and remove it",
        doc="nginx text for all paths.",
    ),
    _refused(
        name="stream-snippet",
        instead="use typed annotations and options for what the text asks for, and remove it",
        doc="nginx text for TCP and UDP.",
    ),
    _refused(
        name="plugins",
        guard=True,
        instead="there are no plug-ins; say what they do by annotations",
        doc="Programs in Lua that nginx runs.",
    ),
)
