// The metric registry beside prom-client: recording one histogram value, and one scrape.
import { createRequire } from "node:module";
import { createMetricRegistry } from "@nexent/monitor-core";
import { answerParent } from "../../../lib/child.mjs";
import { alternate } from "../../../lib/statistics.mjs";
import { PEERS_FOLDER } from "../subjects.mjs";

const { Counter, Histogram, Registry } = createRequire(`${PEERS_FOLDER}package.json`)("prom-client");

const RECORDS = 20_000;
const SERIES = 1000;
const BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
const LABELS = { model: "gpt-4o", operation: "chat", provider: "openai" };
const labelNames = Object.keys(LABELS);
const definition = (name, type) => ({
  name,
  type,
  help: "Help.",
  labels: labelNames,
  buckets: BUCKETS,
  since: "0.1.0",
});
const VALUES = Array.from({ length: 997 }, (_, i) => ((i * 7919) % 997) / 40);

/** A registry with {@link SERIES} series of each kind, all with values. */
function ours() {
  const registry = createMetricRegistry({ maxModels: 2 * SERIES, maxSeries: 2 * SERIES });
  const fill = (i) => ({ ...LABELS, model: `model-${i}` });
  return {
    bound: registry.histogram(definition("ours_seconds", "histogram"), LABELS),
    counters() {
      const one = createMetricRegistry({ maxModels: 2 * SERIES, maxSeries: 2 * SERIES });
      for (let i = 0; i < SERIES; i += 1) one.counter(definition("ours", "counter"), fill(i)).add(VALUES[i % 997]);
      return () => one.expose("text");
    },
    histograms() {
      const one = createMetricRegistry({ maxModels: 2 * SERIES, maxSeries: 2 * SERIES });
      const family = definition("ours_seconds", "histogram");
      for (let i = 0; i < SERIES; i += 1) for (const value of VALUES) one.histogram(family, fill(i)).observe(value);
      return () => one.expose("text");
    },
  };
}

function prom() {
  const fill = (i) => ({ ...LABELS, model: `model-${i}` });
  const make = (Kind, registers) =>
    new Kind({
      name: "prom_seconds",
      help: "Help.",
      labelNames,
      registers,
      ...(Kind === Histogram && { buckets: BUCKETS }),
    });
  return {
    bound: make(Histogram, [new Registry()]).labels(LABELS),
    counters() {
      const registry = new Registry();
      const counter = make(Counter, [registry]);
      for (let i = 0; i < SERIES; i += 1) counter.inc(fill(i), VALUES[i % 997]);
      return () => registry.metrics();
    },
    histograms() {
      const registry = new Registry();
      const histogram = make(Histogram, [registry]);
      for (let i = 0; i < SERIES; i += 1) for (const value of VALUES) histogram.observe(fill(i), value);
      return () => registry.metrics();
    },
  };
}

/** Nanoseconds per recorded value. */
function recording({ bound }) {
  const began = performance.now();
  for (let i = 0; i < RECORDS; i += 1) bound.observe(VALUES[i % 997]);
  return ((performance.now() - began) * 1e6) / RECORDS;
}

/** Milliseconds of one scrape. */
async function scraping(scrape) {
  const began = performance.now();
  await scrape();
  return performance.now() - began;
}

const sides = { ours: ours(), prom: prom() };
const scrapes = {
  ours: { counters: sides.ours.counters(), histograms: sides.ours.histograms() },
  prom: { counters: sides.prom.counters(), histograms: sides.prom.histograms() },
};

answerParent(async ({ rounds }) => ({
  recordNs: await alternate({ ours: () => recording(sides.ours), prom: () => recording(sides.prom) }, rounds * 4),
  counterScrapeMs: await alternate(
    { ours: () => scraping(scrapes.ours.counters), prom: () => scraping(scrapes.prom.counters) },
    rounds,
  ),
  histogramScrapeMs: await alternate(
    { ours: () => scraping(scrapes.ours.histograms), prom: () => scraping(scrapes.prom.histograms) },
    rounds,
  ),
}));
