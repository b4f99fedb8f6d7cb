// A receiver that takes everything and keeps nothing.
import { once } from "node:events";
import { createServer } from "node:http";

/** Starts it on a free port. `url` is its origin. */
export async function startSink() {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
