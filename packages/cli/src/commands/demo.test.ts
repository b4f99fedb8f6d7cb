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

it("shows a gateway that asks for a token the token of the environment, and names it when it is not given", async () => {
  const token = "a-gateway-token-of-32-characters";
  const seen: unknown[] = [];
  const gateway: Server = createServer((request, response) => {
    seen.push(request.headers["x-nexent-token"]);
    if (request.headers["x-nexent-token"] === token) response.end('{"object":"list","data":[{"id":"gpt-4o"}]}');
    else response.writeHead(401).end("{}");
  });
  closers.push(() => void gateway.close());
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", () => resolve()));
  const values = { "base-url": `http://127.0.0.1:${boundPort(gateway)}/exact/v1` };
  const output = createRecordingOutput();
  await expect(demoCommand.run({ values, env: {}, output })).rejects.toMatchObject({
    message: expect.stringContaining("asks for a gateway token"),
    hint: expect.stringContaining("LLM_MONITOR_GATEWAY_TOKEN"),
  });
  const env = { LLM_MONITOR_GATEWAY_TOKEN: token };
  await expect(demoCommand.run({ values, env, output })).rejects.toThrow("does not lead to");
  expect(seen).toEqual([undefined, token]);
});

it("refuses a base URL that is no http address", async () => {
  const run = demoCommand.run({ values: { "base-url": "localhost:8000" }, env: {}, output: createRecordingOutput() });
  await expect(run).rejects.toThrow("no http address");
});
