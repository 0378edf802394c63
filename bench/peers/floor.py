"""The floor: the bare forwarder of bench/tools, which reads nothing of what it carries."""

from bench.child import Child
from bench.peers.peer import Running, Site


class Floor:
    name = "floor"
    title = "bare epoll TCP forwarder"

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        return "bench/tools"

    def start(self, site: Site) -> Running:
        command = [*site.wrapper, str(site.tools / "floor"), "--upstream", site.backend]
        child = Child(self.name, command, site.folder, core=site.core)
        return Running(child, child.line().removeprefix("listening "), child.pid)
