import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { startProgram, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const folder = temporaryFolder();
let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest(join(folder.path, "data"));
});
afterAll(async () => {
  await server.end();
  folder.remove();
});

async function cli(...args: string[]): Promise<{ readonly code: number | string; readonly text: string }> {
  const program = startProgram("cli", ["token", ...args], server.env);
  return { code: await program.exited, text: program.output() };
}

async function sendWith(token: string): Promise<number> {
  const answer = await fetch(`${server.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(otlpJson([generatedSpan("tokens", 1)])),
  });
  return answer.status;
}

it("token create shows a token once, that senders use until token revoke, kill -9 in between", async () => {
  const env = { LLM_MONITOR_INGEST_TOKEN: "configured-ingest-token-of-32-chars" };
  const program = await server.start(env);
  expect(await cli("create", "--name", "collector")).toMatchObject({ code: 64 });
  const created = await cli("create", "--name", "collector", "--scope", "ingest");
  const token = /^nxm_ing_[\w-]+$/m.exec(created.text)?.[0] ?? "";
  expect(created).toMatchObject({ code: 0, text: expect.stringContaining("cannot be shown again") as unknown });
  await program.stop("SIGKILL");
  await server.start(env);
  expect([await sendWith(token), await sendWith(`${token}x`)]).toEqual([200, 401]);
  const list = await cli("list");
  expect(list.text).toMatch(/^ingest {2}\S+Z {2}collector$/m);
  expect(list.text).not.toContain(token);

  expect(await cli("revoke", "--name", "collector")).toMatchObject({ code: 0, text: "collector is revoked.\n" });
  expect(await sendWith(token)).toBe(401);
});
