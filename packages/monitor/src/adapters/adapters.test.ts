/** What every adapter does with things it does not know. The frameworks themselves: `tests/clients/adapters.test.ts`. */
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { setupExpressApp } from "./express.ts";
import { setupFastifyApp } from "./fastify.ts";
import { setupHonoApp } from "./hono.ts";
import { setupNodeServer } from "./node.ts";

const SETUPS = { setupExpressApp, setupFastifyApp, setupHonoApp, setupNodeServer } as const;

async function warningsOf(run: () => void): Promise<string[]> {
  const seen: string[] = [];
  const note = (warning: Error): void => void seen.push(warning.message);
  process.on("warning", note);
  run();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  return seen;
}

describe.each(Object.entries(SETUPS))("%s", (name, setup) => {
  it("leaves what it does not know as it was, and warns once", async () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const strange: unknown[] = [
      undefined,
      null,
      5,
      "app",
      {},
      () => undefined,
      Object.freeze({ use: 1 }),
      revoked.proxy,
    ];
    const warnings = await warningsOf(() => {
      for (const one of strange) Reflect.apply(setup, undefined, [one, undefined]);
    });
    expect(warnings).toEqual([`${name} was given an object it does not know; it is left as it was`]);
    expect(Reflect.ownKeys(strange[4] ?? expect.fail())).toEqual([]);
  });
});

describe("an application that refuses to be changed", () => {
  it("goes on as it was, with a warning", async () => {
    const server = createServer();
    const emit = (): boolean => true;
    Object.defineProperty(server, "emit", { value: emit, writable: false });
    const warnings = await warningsOf(() => setupNodeServer(server));
    expect(warnings).toEqual([expect.stringMatching(/^setupNodeServer could not be installed: /)]);
    expect(Reflect.get(server, "emit")).toBe(emit);
  });
});

describe("options", () => {
  it("may be anything", () => {
    for (const options of [null, 5, "x", { ignorePaths: 7 }, { ignorePaths: [7, null] }, { metricsPath: 3 }]) {
      expect(Reflect.apply(setupNodeServer, undefined, [createServer(), options])).toBeUndefined();
    }
  });
});
