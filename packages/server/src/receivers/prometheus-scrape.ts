import { createHash } from "node:crypto";
import { MonitorError } from "@nexent/monitor-core";
import type { MetricStore, SeriesSamples } from "@nexent/monitor-store";
import type { Clock } from "../clock.ts";
import { readExposition } from "../codecs/exposition-text.ts";
import type { Log } from "../log.ts";
import type { ScrapeCounters } from "../scrape-counters.ts";
import type { ScrapeTarget } from "../scrape-targets.ts";
import { fetchExposition, ScrapeError } from "./scrape-fetch.ts";
import { entriesOf, reportEntries, staleEntries, type SeenSeries } from "./scrape-samples.ts";

/** Options of the scraper. */
export interface ScraperOptions {
  readonly targets: readonly ScrapeTarget[];
  /** Time between two scrapes of one target, and the longest one may take. */
  readonly intervalMs: number;
  readonly store: Pick<MetricStore, "write">;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Pick<ScrapeCounters, "scraped">;
}

/** Reads its targets again and again until it is stopped. */
export interface Scraper {
  /** Breaks off scrapes under way and waits for their writes. No series is ended: the targets live on. */
  stop(): Promise<void>;
}

/** Entries of one write; a large answer goes in several. */
const ENTRIES_PER_WRITE = 20_000;

/** Starts at once; each target has its own place within the interval, the same after every start. */
export function startScraper(options: ScraperOptions): Scraper {
  const abort = new AbortController();
  const loops = options.targets.map((target) => scrapeAgainAndAgain(target, options, abort.signal));
  return {
    async stop() {
      abort.abort();
      await Promise.all(loops);
    },
  };
}

/** One after the other: a scrape that takes its whole interval makes the next one late, never twofold. */
async function scrapeAgainAndAgain(target: ScrapeTarget, options: ScraperOptions, signal: AbortSignal): Promise<void> {
  const { intervalMs, clock } = options;
  const scrape = createTargetScrape(target, options);
  let next = clock.monotonicMs() + offsetOf(target.url, intervalMs);
  while (!signal.aborted) {
    await pause(next - clock.monotonicMs(), signal);
    if (signal.aborted) return;
    await scrape(signal);
    const late = Math.max(0, clock.monotonicMs() - next);
    next += Math.ceil(late / intervalMs || 1) * intervalMs;
  }
}

/** Spreads targets over the interval. */
function offsetOf(url: string, intervalMs: number): number {
  return (createHash("sha256").update(url).digest().readUInt32BE(0) / 2 ** 32) * intervalMs;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.max(0, ms));
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

/** One scrape of a target each time it is called; remembers which series the last one saw. Never rejects. */
export function createTargetScrape(
  target: ScrapeTarget,
  { intervalMs, store, clock, log, counters }: Omit<ScraperOptions, "targets">,
): (signal: AbortSignal) => Promise<void> {
  let seen: SeenSeries = new Map();
  let lastFault: string | undefined;

  /** Logs a fault when it begins, changes or ends, not once per interval. */
  function tell(fault: string | undefined, event: "scrape_failed" | "scrape_incomplete"): void {
    if (fault === lastFault) return;
    const about = { job: target.job, instance: target.instance };
    if (fault === undefined) log.info("scrape_recovered", about);
    else log.warn(event, { ...about, reason: fault });
    lastFault = fault;
  }

  return async (signal) => {
    const atMs = clock.wallMs();
    const startedMs = clock.monotonicMs();
    let found: { readonly entries: readonly SeriesSamples[]; readonly seen: SeenSeries } = {
      entries: [],
      seen: new Map(),
    };
    let fault: string | undefined;
    let samples = 0;
    try {
      const { text, format } = await fetchExposition(target.url, intervalMs, signal);
      const read = readExposition(text, format);
      samples = read.lineSamples;
      found = entriesOf(read.samples, target, atMs);
    } catch (error) {
      if (signal.aborted) return;
      fault = faultOf(error);
    }
    const report = { isUp: fault === undefined, durationSeconds: (clock.monotonicMs() - startedMs) / 1000, samples };
    const entries = [...found.entries, ...staleEntries(seen, found.seen, atMs), ...reportEntries(target, report, atMs)];
    const { unwritten, rejected, stored } = await write(store, entries);
    // What was not written was not seen: its end must still be told.
    if (unwritten === undefined) ({ seen } = found);
    else seen = new Map([...seen, ...found.seen]);
    const failure = fault ?? unwritten;
    const { durationSeconds } = report;
    counters.scraped(`${target.job} ${target.url}`, {
      isGood: failure === undefined,
      durationSeconds,
      storedSamples: stored,
    });
    tell(failure ?? rejected, failure === undefined ? "scrape_incomplete" : "scrape_failed");
  };
}

/** How much was stored, and why something was not: all of a write, or single samples that never will be. */
interface WriteResult {
  stored: number;
  unwritten?: string;
  rejected?: string;
}

async function write(store: Pick<MetricStore, "write">, entries: readonly SeriesSamples[]): Promise<WriteResult> {
  const result: WriteResult = { stored: 0 };
  for (let at = 0; at < entries.length; at += ENTRIES_PER_WRITE) {
    try {
      const outcome = await store.write({ entries: entries.slice(at, at + ENTRIES_PER_WRITE) });
      if (outcome.status === "accepted") result.stored += outcome.records;
      if (outcome.status === "partial") result.stored += outcome.accepted;
      if (outcome.status === "overloaded") result.unwritten = "the store is behind";
      if (outcome.status === "rejected") result.unwritten = outcome.error.code;
      if (outcome.status === "partial") result.rejected = outcome.reason;
    } catch (error) {
      result.unwritten = error instanceof MonitorError ? error.code : "the store failed";
    }
  }
  return result;
}

/** A reason without content of the answer. */
function faultOf(error: unknown): string {
  if (error instanceof ScrapeError || error instanceof MonitorError) return error.message;
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return "timeout";
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.name;
}
