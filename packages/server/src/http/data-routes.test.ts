import { purgePreviewSchema, purgeReportSchema, retentionReportSchema, verifyReportSchema } from "@nexent/monitor-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBrowser, signInAndSkip, startTestServer, type Browser, type TestServer } from "../testing/server.ts";
import { storeCalls } from "../testing/calls.ts";
import { entryOf, metricStoreOf } from "../testing/metric-store.ts";

const AT_MS = 1_795_514_400_000;

let server: TestServer;
let browser: Browser;

beforeEach(async () => {
  server = await startTestServer();
  browser = await signInAndSkip(server.dashboardUrl);
});
afterEach(() => server.stop());

async function post(path: string, body: unknown, sender: Browser = browser): Promise<unknown> {
  const answer = await sender.request("POST", path, { body });
  const { data } = (await answer.json()) as { data: unknown };
  return data;
}

describe("data routes", () => {
  it("previews, purges once, and forgets the plan", async () => {
    await storeCalls(server.store, [{ startMs: 1_000, model: "gone" }, { startMs: 1_000 }]);
    const preview = purgePreviewSchema.parse(await post("/api/data/purge/preview", { model: "gone" }));
    expect(preview).toMatchObject({ spans: 1, traces: 1, quarantinedFiles: 0 });
    const body = { planId: preview.planId };
    expect(purgeReportSchema.parse(await post("/api/data/purge", body))).toMatchObject({ spans: 1, previewedSpans: 1 });
    expect((await server.store.stats()).spans).toBe(1);
    expect(await browser.refusal("POST", "/api/data/purge", { body })).toStrictEqual([404, "NOT_FOUND"]);
    const metrics = await (await fetch(`${server.dashboardUrl}/metrics`)).text();
    expect(metrics).toContain('nexent_server_removed_spans_total{reason="purge"');
  });

  it.each([
    [{ all: true }, 2],
    [{ from: AT_MS, to: AT_MS + 1 }, 1],
    [{ from: AT_MS, to: AT_MS + 1, model: "gone" }, 0],
    [{ service: "shop" }, 0],
  ])("erases metric samples by time or all, and by nothing else: %j", async (selector, samples) => {
    const scalars = [AT_MS, AT_MS + 1].map((timestampMs) => ({ timestampMs, value: 1 }));
    const series = { family: "up", type: "gauge", labels: { job: "shop" } } as const;
    const metricStore = await metricStoreOf([entryOf(series, { scalars })], AT_MS);
    const other = await startTestServer({}, { openMetricStore: async () => metricStore });
    const session = await signInAndSkip(other.dashboardUrl);
    const { planId } = purgePreviewSchema.parse(await post("/api/data/purge/preview", selector, session));
    const report = purgeReportSchema.parse(await post("/api/data/purge", { planId }, session));
    expect(report.metricSamples).toBe(samples);
    expect((await metricStore.stats()).samples).toBe(2 - samples);
    await other.stop();
  });

  it("takes times in milliseconds, half-open", async () => {
    const at = 1_700_000_000_000;
    await storeCalls(server.store, [{ startMs: at }]);
    for (const [range, spans] of [
      [{ from: at, to: at + 1 }, 1],
      [{ to: at }, 0],
      [{ from: at + 1 }, 0],
    ] as const)
      expect(await post("/api/data/purge/preview", range)).toMatchObject({ spans });
  });

  it.each([{}, { all: true, service: "a" }, { all: false }, { traceId: "x" }, { service: "" }, { serivce: "a" }])(
    "refuses the selector %j",
    async (body) => {
      expect(await browser.refusal("POST", "/api/data/purge/preview", { body })).toStrictEqual([400, "QUERY_INVALID"]);
    },
  );

  it("removes by the configured age and says what it removed", async () => {
    await storeCalls(server.store, [{ startMs: 1_700_000_000_000 }, { startMs: Date.now() }]);
    expect(retentionReportSchema.parse(await post("/api/data/retain", {}))).toMatchObject({
      days: ["2023-11-14"],
      spans: 1,
    });
  });

  it("verifies day by day, and backs up only for this machine and only what the store can", async () => {
    await storeCalls(server.store, [{ startMs: 1_700_000_000_000 }]);
    expect(verifyReportSchema.parse(await post("/api/data/verify", {}))).toStrictEqual({
      days: [{ day: "2023-11-14", sealed: false, spans: 1, bytes: 0 }],
      metricDays: [],
    });
    const body = { directory: "/nowhere" };
    expect(await browser.refusal("POST", "/api/data/backup", { body })).toStrictEqual([501, "CAPABILITY_MISSING"]);
    const headers = { "x-forwarded-for": "203.0.113.7" };
    expect(await browser.refusal("POST", "/api/data/backup", { body, headers })).toStrictEqual([403, "FORBIDDEN"]);
  });

  it.each(["purge/preview", "purge", "retain", "verify", "backup"])(
    "W14 refuses %s without session, token or own origin",
    async (verb) => {
      const path = `/api/data/${verb}`;
      const stranger = openBrowser(server.dashboardUrl);
      expect(await stranger.refusal("POST", path, { body: {} })).toStrictEqual([401, "UNAUTHENTICATED"]);
      const headers = { "x-nexent-csrf": "wrong" };
      expect(await browser.refusal("POST", path, { body: {}, headers })).toStrictEqual([403, "FORBIDDEN"]);
      const foreign = await browser.request("POST", path, { body: {}, headers: { origin: "http://evil.example" } });
      expect(foreign.status).toBe(403);
    },
  );
});
