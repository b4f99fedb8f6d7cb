/** Row 30: what `/metrics` tells, and what it must never tell. */
import { describe, expect, it } from "vitest";
import { until } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { chatBody, POLICIES, useGateway } from "../../harness/gateway/fixture.ts";
import { sumOf } from "../../harness/gateway/process.ts";
import { eventually } from "../../harness/program.ts";

const MODELS = 300;
const MAX_MODELS = 100;

describe.each(POLICIES)("/metrics under %s", (usage) => {
  const fixture = useGateway({ usage });

  // Exact counts of a fresh gateway: trying again would count twice.
  it("G30 reported and estimated tokens stand apart, and every outcome is counted", { retry: 0 }, async () => {
    const relay = (model: string, more: object = {}) =>
      fixture.relayed("/v1/chat/completions", { body: chatBody(model, more) });
    await relay("text");
    await relay("text", { stream_options: { include_usage: true } });
    await relay("json", { stream: false });
    await relay("status-429");
    await relay("error-event");
    await relay("reset");
    await relay("no-head");
    const controller = new AbortController();
    const messages = [{ role: "user" as const, content: "hi" }];
    const stream = await fixture.client.chat.completions.create(
      { model: "endless", messages, stream: true },
      { signal: controller.signal },
    );
    for await (const _chunk of stream) controller.abort();
    await until(() => fixture.upstream.requests.at(-1)?.lostAtMs() !== undefined);

    const text = await eventually("all requests being counted", async () => {
      const exposition = await fixture.gateway.metrics();
      return sumOf(exposition, "llm_requests_total") === 8 ? exposition : undefined;
    });
    const requests = (outcome: string): number => sumOf(text, "llm_requests_total", `outcome="${outcome}"`);
    expect([requests("ok"), requests("error"), requests("cancelled")]).toEqual([3, 4, 1]);
    const errors = (type: string): number => sumOf(text, "llm_error_count_total", `error_type="${type}"`);
    expect(["rate_limited", "server_error", "stream_interrupted", "connection"].map(errors)).toEqual([1, 1, 1, 1]);
    const output = (estimated: string): number =>
      sumOf(text, "llm_total_tokens_total", 'model="text"', 'type="output"', `estimated="${estimated}"`);
    expect(output("false")).toBe(usage === "inject" ? 12 : 6);
    expect(output("true") > 0).toBe(usage === "observe");
    expect(sumOf(text, "llm_requests_in_flight")).toBe(0);
  });

  it("G30 neither key, prompt, answer nor query is shown", async () => {
    const secret = "CANARYzQ7";
    await fixture.relayed(`/v1/chat/completions?key=${secret}-query`, {
      body: chatBody("text", { messages: [{ role: "user", content: `${secret}-prompt` }], user: `${secret}-user` }),
      headers: { authorization: `Bearer ${secret}-key`, cookie: `c=${secret}-cookie` },
    });
    expect(fixture.upstream.requests[0]?.url, "the canary did travel").toContain(`${secret}-query`);
    const text = await fixture.gateway.metrics();
    expect(text).toContain('model="text"');
    expect(text).not.toMatch(/CANARY|Hello|na\u00efve/);
    expect(fixture.gateway.program.output()).not.toContain("CANARY");
  });

  it("G30 300 model names make at most 100 labels, and the sum stays right", { timeout: 60_000 }, async () => {
    const before = sumOf(await fixture.gateway.metrics(), "llm_requests_total");
    for (let at = 0; at < MODELS; at += 1) {
      // Names nobody answered with success stay out whatever their number.
      const model = at % 2 === 0 ? `json#${at}` : `status-404#${at}`;
      await fixture.relayed("/v1/chat/completions", { body: chatBody(model, { stream: false }) });
    }
    const text = await fixture.gateway.metrics();
    const names = new Set([...text.matchAll(/^llm_requests_total\{model="([^"]*)"/gm)].map(([, name]) => name));
    expect(names).toContain("__overflow__");
    expect([...names].filter((name) => name?.startsWith("status-404"))).toEqual([]);
    expect(names.size).toBeLessThanOrEqual(MAX_MODELS + 1);
    expect(names.size).toBeGreaterThan(MAX_MODELS / 2);
    expect(sumOf(text, "llm_requests_total") - before).toBe(MODELS);
    expect(sumOf(text, "nexent_monitor_label_overflow_total", 'label="model"')).toBeGreaterThan(0);
  });
});
