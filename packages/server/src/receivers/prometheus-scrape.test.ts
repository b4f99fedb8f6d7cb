import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { SeriesSamples } from "@nexent/monitor-store";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogFields } from "../log.ts";
import { createScrapeCounters, type ScrapeCounters } from "../scrape-counters.ts";
import { createFakeClock, type FakeClock } from "../testing/clock.ts";
import { startExpositionServer, textAnswer, type ExpositionServer } from "../testing/exposition-server.ts";
import { createRecordingMetricStore, type RecordingMetricStore } from "../testing/recording-metric-store.ts";
import { createTargetScrape, startScraper } from "./prometheus-scrape.ts";

const NOW = 1_750_000_000_000;
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

let server: ExpositionServer;
let store: RecordingMetricStore;
let clock: FakeClock;
let logged: [event: string, reason: unknown][];
let seen = 0;
let counters: ScrapeCounters;
beforeEach(async () => {
  server = await startExpositionServer("a 1\nb 2\n");
  store = createRecordingMetricStore();
  clock = createFakeClock(NOW);
  logged = [];
  seen = 0;
  counters = createScrapeCounters(2);
});
afterEach(() => server.stop());

const log = {
  info: (event: string, fields: LogFields = {}) => void logged.push([event, fields["reason"]]),
  warn: (event: string, fields: LogFields = {}) => void logged.push([event, fields["reason"]]),
  error: () => undefined,
};

function target() {
  return { job: "test", instance: server.instance, url: server.url };
}

/** Scrapes again and again by hand; each gives what it wrote. */
function scraper(intervalMs = 5_000) {
  const scrape = createTargetScrape(target(), { intervalMs, store, clock, log, counters });
  return async (): Promise<readonly string[]> => {
    await scrape(new AbortController().signal);
    const fresh = store.entries.slice(seen);
    seen = store.entries.length;
    return fresh.filter(({ series }) => series.family !== "scrape_duration_seconds").map(textOf);
  };
}

/** An entry in one line: name, value or `stale`, time after the start. */
function textOf({ series, scalars, staleAtMs }: SeriesSamples): string {
  const stales = staleAtMs.map((at) => `stale@${at - NOW}`);
  return [series.family, ...scalars.map(({ value, timestampMs }) => `${value}@${timestampMs - NOW}`), ...stales].join(
    " ",
  );
}

describe("a scrape", () => {
  it("writes every series with job and instance, and how it went", async () => {
    expect(await scraper()()).toEqual(["a 1@0", "b 2@0", "up 1@0", "scrape_samples_scraped 2@0"]);
    expect(new Set(store.entries.map(({ series }) => JSON.stringify(series.labels)))).toEqual(
      new Set([JSON.stringify({ job: "test", instance: server.instance })]),
    );
    expect(logged).toEqual([]);
  });

  it("moves labels that collide with those of the target to exported_", async () => {
    server.answer = textAnswer('a{job="own",instance="i",exported_job="older"} 1');
    await scraper()();
    expect(store.entries[0]?.series.labels).toEqual({
      job: "test",
      instance: server.instance,
      exported_job: "older",
      exported_exported_job: "own",
      exported_instance: "i",
    });
  });

  it("asks for OpenMetrics, reads it by its content type and keeps starts and exemplars", async () => {
    let accept = "";
    server.answer = (request, response) => {
      accept = request.headers.accept ?? "";
      const trace = "ab".repeat(16);
      const body = [
        "# TYPE c counter",
        `c_total 3 # {trace_id="${trace}"} 1 1750000000.5`,
        "c_created 1749999999",
        "# TYPE h histogram",
        'h_bucket{le="1"} 1',
        'h_bucket{le="+Inf"} 2',
        "h_count 2",
        "h_sum 9",
        "# EOF",
      ].join("\n");
      textAnswer(`${body}\n`, OPENMETRICS)(request, response);
    };
    await scraper()();
    expect(accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0/);
    const [counter, histogram] = store.entries;
    expect(counter?.scalars).toEqual([{ value: 3, startMs: 1_749_999_999_000, timestampMs: NOW }]);
    expect(counter?.exemplars).toEqual([
      { value: 1, timestampMs: 1_750_000_000_500, traceId: "ab".repeat(16), labels: {} },
    ]);
    expect(histogram?.histograms).toEqual([{ timestampMs: NOW, count: 2, sum: 9, bounds: [1], buckets: [1, 2] }]);
  });

  it("takes gzip, and holds the limit on the unpacked bytes", async () => {
    const answerWith = (body: Buffer | string) => {
      server.answer = (_, response) =>
        response.setHeader("content-type", "text/plain").setHeader("content-encoding", "gzip").end(gzipSync(body));
    };
    const scrape = scraper();
    answerWith("zipped 1\n");
    expect(await scrape()).toContain("zipped 1@0");
    answerWith(Buffer.alloc(LIMITS.scrapeBytes + 1, "#"));
    expect(await scrape()).toEqual(["zipped stale@0", "up 0@0", "scrape_samples_scraped 0@0"]);
    expect(logged).toEqual([["scrape_failed", `more than ${LIMITS.scrapeBytes} bytes`]]);
  });

  it("keeps timestamps of the target, whose series it does not end", async () => {
    server.answer = textAnswer("own 1 1749999999000\nours 1");
    const scrape = scraper();
    expect(await scrape()).toContain("own 1@-1000");
    server.answer = textAnswer("");
    expect(await scrape()).toEqual(["ours stale@0", "up 1@0", "scrape_samples_scraped 0@0"]);
  });
});

describe("staleness", () => {
  it("ends a series that vanished, once, and takes it up again", async () => {
    const scrape = scraper();
    await scrape();
    clock.advance(5_000);
    server.answer = textAnswer("a 3");
    expect(await scrape()).toEqual(["a 3@5000", "b stale@5000", "up 1@5000", "scrape_samples_scraped 1@5000"]);
    clock.advance(5_000);
    expect(await scrape()).toEqual(["a 3@10000", "up 1@10000", "scrape_samples_scraped 1@10000"]);
    server.answer = textAnswer("b 4");
    clock.advance(5_000);
    expect(await scrape()).toEqual(["b 4@15000", "a stale@15000", "up 1@15000", "scrape_samples_scraped 1@15000"]);
  });

  it.each<[string, (target: ExpositionServer) => unknown, string]>([
    ["answers an error", (one) => (one.answer = (_, response) => response.writeHead(500).end("a 9")), "status 500"],
    ["is gone", (one) => one.stop(), "ECONNREFUSED"],
    ["breaks off", (one) => (one.answer = (_, { socket }) => socket?.destroy()), "UND_ERR_SOCKET"],
    [
      "answers HTML",
      (one) => (one.answer = textAnswer("a 1", "text/html")),
      "the content type is none of an exposition",
    ],
    ["answers nonsense", (one) => (one.answer = textAnswer("a 1\n<html>")), "line 2: a metric name is missing"],
    [
      "is cut",
      (one) => (one.answer = textAnswer("a 1\n", OPENMETRICS)),
      "line 2: # EOF is missing, the answer was cut",
    ],
    [
      "answers bytes that are no text",
      (one) => (one.answer = (_, response) => response.setHeader("content-type", "text/plain").end(Buffer.from([255]))),
      "the answer is not UTF-8",
    ],
  ])("ends every series of a target that %s, and says so once", async (_, fail, reason) => {
    const scrape = scraper();
    await scrape();
    await fail(server);
    clock.advance(5_000);
    const failed = ["up 0@5000", "scrape_samples_scraped 0@5000"];
    expect(await scrape()).toEqual(["a stale@5000", "b stale@5000", ...failed]);
    expect(await scrape()).toEqual(failed);
    expect(logged).toEqual([["scrape_failed", reason]]);
  });

  it("gives up a target that is slower than its interval", async () => {
    server.answer = () => undefined;
    expect(await scraper(50)()).toEqual(["up 0@0", "scrape_samples_scraped 0@0"]);
    expect(logged).toEqual([["scrape_failed", "timeout"]]);
  });

  it("says what the store rejects for good, and that the target is up all the same", async () => {
    const scrape = scraper();
    store.outcome = { status: "partial", accepted: 4, rejected: 1, reason: "more than 40 labels" };
    expect(await scrape()).toContain("up 1@0");
    await scrape();
    expect(logged).toEqual([["scrape_incomplete", "more than 40 labels"]]);
  });

  it("tells the end of a series later when the store would not take it", async () => {
    const scrape = scraper();
    await scrape();
    server.answer = textAnswer("a 3");
    store.outcome = { status: "rejected", error: new MonitorError("STORE_FULL", "full") };
    expect(await scrape()).toEqual([]);
    store.outcome = undefined;
    clock.advance(5_000);
    expect(await scrape()).toContain("b stale@5000");
    expect(logged).toEqual([
      ["scrape_failed", "STORE_FULL"],
      ["scrape_recovered", undefined],
    ]);
  });
});

describe("the counters of scrapes", () => {
  it("tell which targets are up, how many scrapes failed, what was stored and how long the last ones took", async () => {
    expect(counters.snapshot()).toEqual({ up: 0, down: 2, failedScrapes: 0, storedSamples: 0 });
    const scrape = scraper();
    await scrape();
    const first = counters.snapshot();
    // Two series, and three about the scrape.
    expect(first).toMatchObject({ up: 1, down: 1, failedScrapes: 0, storedSamples: 5 });
    expect(first.lastDurationSeconds).toBeGreaterThanOrEqual(0);
    server.answer = (_, response) => response.writeHead(500).end();
    await scrape();
    expect(counters.snapshot()).toMatchObject({ up: 0, down: 2, failedScrapes: 1, storedSamples: 10 });
    store.outcome = { status: "overloaded", retryAfterMs: 1 };
    await scrape();
    expect(counters.snapshot()).toMatchObject({ up: 0, down: 2, failedScrapes: 2, storedSamples: 10 });
  });
});

describe("the scraper", () => {
  it("reads every target again and again, never twice at once, until it is stopped", async () => {
    server.answer = (request, response) => setTimeout(() => textAnswer("a 1")(request, response), 30);
    const options = {
      intervalMs: 20,
      store,
      clock: { wallMs: () => NOW, monotonicMs: () => performance.now() },
      log,
      counters,
    };
    const running = startScraper({ ...options, targets: [target()] });
    await vi.waitFor(() => expect(server.requests).toBeGreaterThan(3), 10_000);
    await running.stop();
    expect(server.mostAtOnce).toBe(1);
    const { requests } = server;
    const written = store.entries.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([server.requests, store.entries.length]).toEqual([requests, written]);
  });

  it("breaks off a scrape under way when it is stopped, and writes nothing of it", async () => {
    server.answer = () => undefined;
    const options = { intervalMs: 15_000, store, clock: { wallMs: () => NOW, monotonicMs: () => 0 }, log, counters };
    const scrape = createTargetScrape(target(), options);
    const abort = new AbortController();
    const done = scrape(abort.signal);
    await vi.waitFor(() => expect(server.requests).toBe(1), 10_000);
    abort.abort();
    await done;
    expect(store.entries).toEqual([]);
  });
});
