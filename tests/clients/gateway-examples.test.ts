/** Examples of the gateway whose packages are installed here. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runGatewayExample } from "../harness/gateway/gateway-example.ts";
import { sumOf } from "../harness/gateway/process.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

it("the example gateway-langchain streams through the gateway, and its tokens are counted", async () => {
  // A copy in this folder finds the packages of this folder.
  const folder = await mkdtemp(join(HERE, ".example-"));
  try {
    await copyFile(join(EXAMPLES, "gateway-langchain", "app.mjs"), join(folder, "app.mjs"));
    const { code, stdout, stderr, metrics } = await runGatewayExample(process.execPath, ["app.mjs"], folder);
    expect([code, stderr, stdout.length > 20]).toEqual([0, "", true]);
    expect(sumOf(metrics, "llm_requests_total", 'model="exact"', 'stream="true"', 'outcome="ok"')).toBe(1);
    expect(sumOf(metrics, "llm_total_tokens_total", 'type="output"', 'estimated="false"')).toBe(20);
    expect(sumOf(metrics, "llm_time_to_first_token_seconds_sum")).toBeGreaterThan(0.49);
  } finally {
    await rm(folder, { recursive: true });
  }
});
