import { PORTS } from "@nexent/monitor-core";
import { createServer } from "node:net";

/** A TCP port that was free on 127.0.0.1 a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Free ports for every listener of every program, by the variables that set them; later ones join by themselves. */
export async function freePorts(): Promise<Record<string, string>> {
  const variables = new Set(Object.values(PORTS).map(({ variable }) => variable));
  const ports = await Promise.all(
    Array.from(variables, async (variable) => [variable, String(await freePort())] as const),
  );
  return Object.fromEntries(ports);
}
