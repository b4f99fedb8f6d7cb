/** The examples of the gateway as they are shipped, against the exact-schedule server. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runGatewayExample, type ExampleRun } from "../../harness/gateway/gateway-example.ts";
import { sumOf } from "../../harness/gateway/process.ts";
import { repositoryRoot } from "../../harness/program.ts";

const folderOf = (name: string): string => join(repositoryRoot, "examples", name);
const PYTHON = process.env["NEXENT_TEST_PYTHON"] ?? "python3";
const hasOpenai = spawnSync(PYTHON, ["-c", "import openai"]).status === 0;

/** One call of the reference schedule: 20 tokens, the first after half a second. */
function expectMeasured({ code, stderr, stdout, metrics }: ExampleRun): void {
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.trim().length).toBeGreaterThan(20);
  expect(sumOf(metrics, "llm_requests_total", 'model="exact"', 'stream="true"', 'outcome="ok"')).toBe(1);
  expect(sumOf(metrics, "llm_total_tokens_total", 'type="output"', 'estimated="false"')).toBe(20);
  const ttft = sumOf(metrics, "llm_time_to_first_token_seconds_sum");
  expect(ttft).toBeGreaterThan(0.49);
  expect(ttft).toBeLessThan(0.8);
}

it("the example gateway-curl streams through the gateway, and its tokens are counted", async () => {
  const run = await runGatewayExample("./ask.sh", [], folderOf("gateway-curl"));
  expectMeasured(run);
  expect(run.stdout).toContain("data: [DONE]");
  expect(run.stdout, "usage was asked for by the gateway alone").not.toContain('"usage"');
});

it("the example gateway-node streams through the gateway, and its tokens are counted", async () => {
  expectMeasured(await runGatewayExample(process.execPath, ["app.mjs"], folderOf("gateway-node")));
});

it.skipIf(!hasOpenai)(
  `the example gateway-python streams through the gateway (needs a ${PYTHON} with the openai package)`,
  async () => {
    expectMeasured(await runGatewayExample(PYTHON, ["app.py"], folderOf("gateway-python")));
  },
);
