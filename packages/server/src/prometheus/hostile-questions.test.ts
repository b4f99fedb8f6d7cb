import { setImmediate } from "node:timers/promises";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { MetricStore } from "@nexent/monitor-store";
import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { entryOf, metricStoreOf } from "../testing/metric-store.ts";
import { createPrometheusApi } from "./prometheus-api.ts";

const NOW = 1_795_514_400;
const MANY = 200;
const store = await metricStoreOf(
  Array.from({ length: MANY }, (_, n) =>
    entryOf(
      { family: "up", type: "gauge", labels: { job: `${n}`, text: "a".repeat(1_000) } },
      { scalars: [{ timestampMs: NOW * 1_000, value: n }] },
    ),
  ),
  NOW * 1_000,
);

const started: { stop(graceMs: number): Promise<void> }[] = [];
afterEach(async () => {
  for (const api of started.splice(0)) await api.stop(0);
});

async function startOver(over: Partial<MetricStore>): Promise<string> {
  const api = createPrometheusApi({
    host: "127.0.0.1",
    allowedHosts: [],
    readToken: undefined,
    store: { ...store, ...over },
    clock: { wallMs: () => NOW * 1_000, monotonicMs: () => 0 },
    log: silentLog,
    isReady: () => true,
    dashboardUrl: () => "",
  });
  started.push(api);
  return `http://127.0.0.1:${await api.start(0)}/api/v1`;
}

async function ask(base: string, path: string, form: Readonly<Record<string, string>>): Promise<[number, string]> {
  const answer = await fetch(`${base}/${path}`, { method: "POST", body: new URLSearchParams(form) });
  const body = (await answer.json()) as { status: string; errorType?: string };
  return [answer.status, body.errorType ?? body.status];
}

const RANGE = { start: `${NOW - 3_600}`, end: `${NOW}`, step: "15" };

describe("a hostile question (W12)", () => {
  it.each([
    ["query", { query: "(".repeat(16_000) }, [400, "bad_data"]],
    ["query", { query: "(".repeat(8_000) + "1" + ")".repeat(8_000) }, [400, "bad_data"]],
    ["query", { query: `${"-".repeat(16_000)}1` }, [400, "bad_data"]],
    ["query", { query: `1${"^1".repeat(8_000)}` }, [400, "bad_data"]],
    ["query", { query: "{".repeat(16_000) }, [400, "bad_data"]],
    ["query", { query: "a".repeat(LIMITS.queryTextBytes + 1) }, [400, "bad_data"]],
    ["query", { query: "é".repeat(LIMITS.queryTextBytes / 2 + 1) }, [400, "bad_data"]],
    ["query", { query: `up{text=~"(${"ab|".repeat(4_000)}c)*"}` }, [200, "success"]],
    ["query", { query: 'up{__name__=~"(u|up|p)*(a+)+$|(((a*)*)*)*b"}' }, [200, "success"]],
    ["query", { query: 'up{text=~"(((a{1,100}){1,100}){1,100})"}' }, [400, "bad_data"]],
    ["query", { query: `up{${'a!="b",'.repeat(2_000)}}` }, [422, "execution"]],
    ["query", { query: "up[9999y]" }, [200, "success"]],
    ["query", { query: "up offset -9999y" }, [200, "success"]],
    ["query", { query: "up @ 9007199254740" }, [200, "success"]],
    ["query", { query: "up[99999999999999999999y]" }, [422, "execution"]],
    ["query", { query: "up", time: "1e300" }, [400, "bad_data"]],
    ["query", { query: "up", time: "-9007199254740" }, [200, "success"]],
    ["query", { query: "up", lookback_delta: "99999999999" }, [200, "success"]],
    ["query_range", { query: "up", ...RANGE, step: "1e-9" }, [400, "bad_data"]],
    ["query_range", { query: "up", ...RANGE, step: "0.0001" }, [400, "bad_data"]],
    ["query_range", { query: "up", start: "0", end: "9007199254740", step: "1" }, [400, "bad_data"]],
    ["query_range", { query: "up", start: "0", end: "9007199254740", step: "9007199254" }, [200, "success"]],
    ["series", { "match[]": '{__name__=~".+"}', start: "-9007199254740", end: "9007199254740" }, [200, "success"]],
    ["series", { "match[]": `up{a="${"x".repeat(LIMITS.queryTextBytes)}"}` }, [400, "bad_data"]],
    ["query_exemplars", { query: "up + ".repeat(48) + "up", ...RANGE }, [200, "success"]],
    ["query", { query: "x".repeat(5 * LIMITS.queryTextBytes) }, [400, "bad_data"]],
    ["query", { query: "\u0000" }, [400, "bad_data"]],
    ["query", { query: "up; drop table samples" }, [400, "bad_data"]],
  ] as const)("ends at once: %s %#", async (path, form, expected) => {
    expect(await ask(await startOver({}), path, form)).toEqual(expected);
  });

  it("that asks for too many values is refused", async () => {
    const points = { start: `${NOW}`, end: `${NOW + 299}`, step: "0.028" };
    expect(await ask(await startOver({}), "query_range", { query: "up", ...points })).toEqual([422, "execution"]);
    expect(await ask(await startOver({}), "query_range", { query: 'up{job="1"}', ...points })).toEqual([
      200,
      "success",
    ]);
  });

  it("that finds more than the store reads at once is refused with its reason", async () => {
    const base = await startOver({
      select: () => Promise.reject(new MonitorError("QUERY_INVALID", "the query finds more than 5000000 samples")),
    });
    const answer = await fetch(`${base}/query?query=up[1h]`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      errorType: "execution",
      error: expect.stringMatching(/5000000 samples/),
    });
  });

  it("is stopped at its time limit", async () => {
    const base = await startOver({ latest: (_filter, _atMs, options) => untilAborted(options?.signal) });
    expect(await ask(base, "query", { query: "up", timeout: "10ms" })).toEqual([503, "timeout"]);
  });

  it("is stopped when its asker leaves, and gives its place to the next", async () => {
    const signals: AbortSignal[] = [];
    const base = await startOver({
      latest: (_filter, _atMs, options) => {
        if (options?.signal !== undefined) signals.push(options.signal);
        return untilAborted(options?.signal);
      },
    });
    const leaving = new AbortController();
    const asked = Array.from({ length: LIMITS.queriesAtOnce + 1 }, () =>
      fetch(`${base}/query?query=up`, { signal: leaving.signal }).catch(() => "left"),
    );
    await until(() => signals.length === LIMITS.queriesAtOnce);
    await fetch(base);
    expect(signals).toHaveLength(LIMITS.queriesAtOnce);
    leaving.abort();
    expect(await Promise.all(asked)).toEqual(asked.map(() => "left"));
    await until(() => signals.every(({ aborted }) => aborted));
    expect(await ask(base, "query", { query: "1" })).toEqual([200, "success"]);
  });

  it("never shows what went wrong inside", async () => {
    const base = await startOver({ latest: () => Promise.reject(new Error("/secret/path is broken")) });
    const answer = await fetch(`${base}/query?query=up`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      status: "error",
      errorType: "unavailable",
      error: "the store cannot answer now",
    });
  });
});

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}
