import { LIMITS } from "@nexent/monitor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { entryOf, metricStoreOf } from "../testing/metric-store.ts";
import { createPrometheusApi } from "./prometheus-api.ts";

const NOW_MS = 1_795_514_400_000;
/** A little more than one question may find, in families that are within their own limit. */
const [FAMILIES, SERIES] = [3, 7_000];

const ENTRIES = Array.from({ length: FAMILIES * SERIES }, (_, n) => {
  const series = { family: `load_${n % FAMILIES}`, type: "gauge", labels: { id: String(n).padStart(5, "0") } } as const;
  return entryOf(series, { scalars: [{ timestampMs: NOW_MS, value: n }] });
});
const TRUNCATED = `results truncated: there are more than ${LIMITS.seriesPerQuery} series`;

let api: ReturnType<typeof createPrometheusApi>;
let url = "";

beforeAll(async () => {
  api = createPrometheusApi({
    host: "127.0.0.1",
    allowedHosts: [],
    readToken: undefined,
    store: await metricStoreOf(ENTRIES, NOW_MS),
    clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
    log: silentLog,
    isReady: () => true,
    dashboardUrl: () => "http://127.0.0.1:3005",
  });
  url = `http://127.0.0.1:${await api.start(0)}/api/v1`;
});
afterAll(() => api.stop(0));

async function ask(path: string): Promise<{ status: string; data: readonly unknown[]; warnings?: readonly string[] }> {
  return (await (await fetch(`${url}/${path}`)).json()) as Awaited<ReturnType<typeof ask>>;
}

describe("listings of more series than one question may find", () => {
  it("are cut, and say so in the warnings", async () => {
    const { status, data, warnings } = await ask(
      `series?${new URLSearchParams({ "match[]": '{__name__=~"load_.*"}' })}`,
    );
    expect([status, data.length, warnings]).toEqual(["success", LIMITS.seriesPerQuery, [TRUNCATED]]);
    const names = await ask("label/__name__/values");
    expect([names.data, names.warnings]).toEqual([["load_0", "load_1", "load_2"], [TRUNCATED]]);
    expect(await ask("labels")).toMatchObject({ data: ["__name__", "id"], warnings: [TRUNCATED] });
  });

  it("are whole and without a warning where they fit", async () => {
    const one = await ask("series?match[]=load_1");
    expect([one.data.length, one.warnings]).toEqual([SERIES, undefined]);
    const ids = await ask("label/id/values");
    expect([ids.data.length, ids.warnings]).toEqual([FAMILIES * SERIES, undefined]);
  });

  it("say so when the asker's own limit cuts them", async () => {
    const { data, warnings } = await ask("label/id/values?limit=2");
    expect([data, warnings]).toEqual([["00000", "00001"], ["results truncated due to limit"]]);
    expect((await ask("series?match[]=load_1&limit=7000")).warnings).toBeUndefined();
  });

  it("leave questions for values refused, never cut", async () => {
    const query = new URLSearchParams({ query: '{__name__=~"load_.*"}', time: String(NOW_MS / 1_000) });
    expect(await ask(`query?${query}`)).toMatchObject({ status: "error", errorType: "execution" });
  });
});
