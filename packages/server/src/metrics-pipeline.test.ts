import { afterEach, expect, it, vi } from "vitest";
import { startExpositionServer } from "./testing/exposition-server.ts";
import { createRecordingMetricStore } from "./testing/recording-metric-store.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";

let server: TestServer | undefined;
afterEach(() => server?.stop());

const POINT = { asDouble: 1, timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}` };
const PUSHED = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "g", gauge: { dataPoints: [POINT] } }] }] }] };

function push(url: string): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}/v1/metrics`, { method: "POST", headers, body: JSON.stringify(PUSHED) });
}

it("takes pushed metrics and scrapes its targets, our own server among them, and closes the store last", async () => {
  const model = await startExpositionServer("vllm:num_requests_running 3\n");
  const store = createRecordingMetricStore();
  // The port of the dashboard is not known before; our own metrics are read through a target that passes them on.
  const own = await startExpositionServer("");
  own.answer = (_, response) =>
    void fetch(`${server?.dashboardUrl ?? ""}/metrics`).then(async (answer) =>
      response.setHeader("content-type", answer.headers.get("content-type") ?? "").end(await answer.text()),
    );
  const targets = [model, own].map(({ url, instance }) => ({ job: "models", instance, url }));
  const scraping = { scrapeTargets: targets, scrapeIntervalMs: 20 };
  server = await startTestServer(scraping, { openMetricStore: () => Promise.resolve(store) });
  expect(await (await push(server.otlpUrl)).json()).toEqual({});
  const families = (): readonly string[] => store.entries.map(({ series }) => series.family);
  await vi.waitFor(
    () => {
      expect(families()).toContain("vllm:num_requests_running");
      expect(families()).toContain("nexent_server_stored_spans");
    },
    { timeout: 20_000 },
  );
  expect(families()).toContain("g");
  expect(store.isClosed).toBe(false);
  await server.stop();
  expect(store.isClosed).toBe(true);
  await Promise.all([model.stop(), own.stop()]);
});
