// What Node's HTTP server read. Run with the number of a listening socket.
const http = require("http");

const server = http.createServer({ maxHeaderSize: 65536 }, (request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("latin1");
    const seen = { method: request.method, target: request.url, host: request.headers.host || "", body };
    const text = Buffer.from(JSON.stringify(seen));
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": text.length });
    response.end(text);
  });
});
server.listen({ fd: Number(process.argv[2]) });
