import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { eventually, startProgram, temporaryFolder } from "../harness/program.ts";
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
  const program = startProgram("cli", args, server.env);
  return { code: await program.exited, text: program.output() };
}

it("data clear erases every span and keeps the users; data reset forgets them, once the server has stopped", async () => {
  const program = await server.start();
  expect(await server.send(otlpJson([generatedSpan("verbs", 1), generatedSpan("verbs", 2)]))).toBe(200);
  const api = await signIn(server.dashboardUrl);
  await eventually("both calls", async () => ((await api.requests()).shown === 2 ? true : undefined));

  expect(await cli("data", "clear")).toMatchObject({ code: 64, text: expect.stringContaining("--yes") });
  expect(await cli("data", "clear", "--dry-run")).toMatchObject({ code: 0, text: expect.stringContaining("2 spans") });
  expect((await api.requests()).shown).toBe(2);
  expect(await cli("data", "clear", "--yes")).toMatchObject({
    code: 0,
    text: expect.stringContaining("2 spans erased"),
  });
  expect((await api.requests()).shown).toBe(0);

  const locked = await cli("data", "reset", "--yes");
  expect(locked).toMatchObject({ code: 75, text: expect.stringContaining(String(program.process.pid)) });
  expect(await program.stop()).toBe(0);
  expect(await cli("data", "reset", "--yes")).toMatchObject({
    code: 0,
    text: expect.stringContaining("admin / admin"),
  });
  expect(await cli("data", "reset", "--yes")).toMatchObject({
    code: 0,
    text: expect.stringContaining("Nothing to reset"),
  });
  await server.start();
  await signIn(server.dashboardUrl);
});
