"""What aiohttp's server read. Run with the number of a listening socket."""

import asyncio
import socket
import sys

from aiohttp import web


async def echo(request: web.BaseRequest) -> web.Response:
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "host": request.headers.get("Host", ""),
            "body": body.decode("latin-1"),
        }
    )


async def main() -> None:
    # Without a router, which would have an opinion of its own on paths.
    runner = web.ServerRunner(web.Server(echo, access_log=None))
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=int(sys.argv[1]))).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
