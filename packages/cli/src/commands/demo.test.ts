import { createServer, type Server } from "node:http";
import { afterEach, expect, it } from "vitest";
import { boundPort } from "../processes/bound-port.ts";
import { findFreePort } from "../processes/free-port.ts";
import { createRecordingOutput } from "../testing/recording-output.ts";
import { demoCommand } from "./demo.ts";

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

it("says how to start the gateway when nothing answers", async () => {
  const values = { "base-url": `http://127.0.0.1:${await findFreePort()}/exact/v1` };
  await expect(demoCommand.run({ values, env: {}, output: createRecordingOutput() })).rejects.toMatchObject({
    code: "UPSTREAM_UNREACHABLE",
    hint: expect.stringContaining("npm start"),
  });
});

it("sends nothing to a server that is no exact-schedule server", async () => {
  const paths: (string | undefined)[] = [];
  const other: Server = createServer((request, response) => {
    paths.push(request.url);
    response.end('{"object":"list","data":[{"id":"gpt-4o"}]}');
  });
  closers.push(() => void other.close());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", () => resolve()));
  const values = { "base-url": `http://127.0.0.1:${boundPort(other)}/v1` };
  await expect(demoCommand.run({ values, env: {}, output: createRecordingOutput() })).rejects.toThrow(
    "does not lead to",
  );
  expect(paths).toEqual(["/v1/models"]);
});

it("refuses a base URL that is no http address", async () => {
  const run = demoCommand.run({ values: { "base-url": "localhost:8000" }, env: {}, output: createRecordingOutput() });
  await expect(run).rejects.toThrow("no http address");
});
