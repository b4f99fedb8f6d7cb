// The goals of the SDK contract's section 11: ratios within one process or one run of alternating processes.

const PEER_OF_REFERENCE = "otel";

/** Worst of the runs: a goal holds when it holds in every run. */
function worstRatio(own, others) {
  if (own === undefined || others === undefined) return undefined;
  return Math.max(...own.map((value, run) => value / others[run]));
}

/** Lowest number of any peer, run by run. */
function cheapest(numbers, peers) {
  const known = peers.map((id) => numbers[id]).filter((values) => values !== undefined);
  return known[0]?.map((_, run) => Math.min(...known.map((values) => values[run])));
}

/**
 * @typedef {object} Goal
 * @property {string} title
 * @property {number} limit
 * @property {number | undefined} ratio undefined: it could not be measured here
 */

/** @returns {Goal[]} */
export function judge({ times, heap, imports, disabled, parts, peers }) {
  const goals = [];
  const goal = (title, limit, ratio) => goals.push({ title, limit, ratio });
  if (times !== undefined) {
    const { isolated, calls } = times;
    const reference = isolated[PEER_OF_REFERENCE];
    goal("stream, metrics only, to instrumentation-openai", 0.4, worstRatio(isolated.metrics, reference));
    goal("stream, metrics only, to the bare patched iterator", 1.25, worstRatio(isolated.metrics, isolated.bare));
    goal("stream, default, to instrumentation-openai", 0.6, worstRatio(isolated.ours, reference));
    goal(
      "stream, spans to the application's provider, to instrumentation-openai",
      0.6,
      worstRatio(isolated["ours-host"], reference),
    );
    goal("stream, default, to the cheapest peer", 1, worstRatio(isolated.ours, cheapest(isolated, peers)));
    goal(
      "non-stream call, metrics only, to instrumentation-openai",
      0.2,
      worstRatio(calls.metrics, calls[PEER_OF_REFERENCE]),
    );
    // Where every call is a span, the exporter counts: all spans go to the same one.
    goal(
      "non-stream call, spans to the application's provider, to instrumentation-openai",
      0.65,
      worstRatio(calls["ours-host"], calls[PEER_OF_REFERENCE]),
    );
  }
  if (heap !== undefined) {
    goal(
      "heap per chunk, default, to instrumentation-openai",
      0.3,
      worstRatio(heap.heap.ours, heap.heap[PEER_OF_REFERENCE]),
    );
  }
  if (disabled !== undefined) {
    goal("disabled call, sync, to a direct call", 2, Math.max(...disabled.map((ns) => ns.wrapped / ns.direct)));
    goal(
      "disabled call, async, to a direct call",
      1.25,
      Math.max(...disabled.map((ns) => ns.wrappedAsync / ns.directAsync)),
    );
  }
  if (imports !== undefined) {
    goal("import when off, to @opentelemetry/api", 0.5, imports.disabled / imports["@opentelemetry/api"]);
  }
  if (parts !== undefined) judgeParts(parts, goal);
  return goals;
}

/** Added CPU of a request with its span. */
const REQUEST_MICROS = 10;

function judgeParts({ metrics, tape, request, jaeger }, goal) {
  if (metrics !== undefined) {
    goal("metric record, to prom-client", 0.25, metrics.recordNs.ours / metrics.recordNs.prom);
    goal("scrape of counters, to prom-client", 0.5, metrics.counterScrapeMs.ours / metrics.counterScrapeMs.prom);
    goal("scrape of histograms, to prom-client", 0.5, metrics.histogramScrapeMs.ours / metrics.histogramScrapeMs.prom);
  }
  goal("tape, time to span events", 0.5, tape.nsPerToken.tape / tape.nsPerToken.events);
  goal("tape, bytes to span events", 0.03, tape.bytes.tape / tape.bytes.events);
  goal(`request with its span, to ${REQUEST_MICROS} µs of CPU`, 1, request.requestMicros.ours / REQUEST_MICROS);
  if (jaeger?.microsPerSpan === undefined) return;
  goal("Jaeger encoder, time to OTLP JSON", 0.6, jaeger.microsPerSpan.thrift / jaeger.microsPerSpan.json);
  goal(
    "Jaeger encoder, bytes to exporter-jaeger",
    0.5,
    jaeger.bytesPerSpan.thrift / jaeger.bytesPerSpan.formerExporter,
  );
}
