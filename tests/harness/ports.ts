import { PORTS } from "@nexent/monitor-core";
import { createServer } from "node:net";

/** Below the range from which systems give ports to connections, so that none of those takes it meanwhile. */
const [LOWEST, HIGHEST] = [20_000, 32_767];
/** Never the same port twice in one process. */
const given = new Set<number>();

/** A TCP port that was free on 127.0.0.1 a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Free ports for every listener of every program, by the variables that set them; later ones join by themselves. */
export async function freePorts(): Promise<Record<string, string>> {
  const variables = new Set(Object.values(PORTS).map(({ variable }) => variable));
  const ports = await Promise.all(
    Array.from(variables, async (variable) => [variable, String(await freePort())] as const),
  );
  return Object.fromEntries(ports);
}
