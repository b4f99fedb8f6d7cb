import { createServer } from "node:net";
import { boundPort } from "./bound-port.ts";

/** Whether nothing listens on `port` of `host` (default 127.0.0.1). */
export async function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return (await tryListen(port, host)) !== undefined;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const port = await tryListen(0, "127.0.0.1");
  if (port === undefined) throw new Error("no free port on 127.0.0.1");
  return port;
}

async function tryListen(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const bound = boundPort(server);
      server.close(() => resolve(bound));
    });
  });
}
