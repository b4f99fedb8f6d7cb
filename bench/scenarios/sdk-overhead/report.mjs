// The measurements as Markdown.
import { circumstances, figure, figures, table } from "../../lib/results.mjs";

const title = ({ title: name, version }) => (version === undefined ? name : `${name} ${version}`);

function timesTable(subjects, { times, heap, imports }) {
  const heads = [
    "subject",
    "isolated, ns/chunk",
    "parsed, ms CPU per 1 000-token stream",
    "non-stream call, µs",
    "heap, B/chunk",
    "kept per broken stream, B",
    "import, ms",
  ];
  const rows = subjects.map((subject) => {
    const { id } = subject;
    return [
      title(subject),
      figures(times?.isolated[id]),
      figures(times?.parsed[id]),
      figures(times?.calls[id]),
      figures(heap?.heap[id]),
      figures(heap?.retained[id]),
      figure(imports?.[id]),
    ];
  });
  return table(heads, rows);
}

/** Times of some subjects on Node 24. */
function laterTable({ subjects, isolated, calls }) {
  const rows = subjects.map((subject) => [title(subject), figures(isolated[subject.id]), figures(calls[subject.id])]);
  return table(["the same on Node 24", "isolated, ns/chunk", "non-stream call, µs"], rows);
}

function disabledTable(disabled) {
  const of = (name) => figures(disabled.map((ns) => ns[name]));
  return table(
    ["monitoring off, ns per call", "direct", "wrapped"],
    [
      ["function", of("direct"), of("wrapped")],
      ["async function, awaited", of("directAsync"), of("wrappedAsync")],
    ],
  );
}

function partsTable({ metrics, tape, request, jaeger }) {
  const rows = [];
  if (metrics !== undefined) {
    const { recordNs, counterScrapeMs, histogramScrapeMs } = metrics;
    const prom = `prom-client ${metrics.version}`;
    rows.push(
      ["record one histogram value, ns", figure(recordNs.ours), prom, figure(recordNs.prom)],
      ["scrape of 1 000 counters, ms", figure(counterScrapeMs.ours), prom, figure(counterScrapeMs.prom)],
      [
        "scrape of 1 000 histograms x 13 buckets, ms",
        figure(histogramScrapeMs.ours),
        prom,
        figure(histogramScrapeMs.prom),
      ],
    );
  }
  rows.push(
    ["token tape, ns per token", figure(tape.nsPerToken.tape), "span events", figure(tape.nsPerToken.events)],
    ["token tape of 4 000 tokens, B of OTLP JSON", figure(tape.bytes.tape), "span events", figure(tape.bytes.events)],
  );
  rows.push([
    "request with its SERVER span, µs of CPU",
    figure(request.requestMicros.ours),
    "the span by hand",
    figure(request.requestMicros.hand),
  ]);
  if (jaeger?.microsPerSpan !== undefined) {
    const { microsPerSpan, bytesPerSpan } = jaeger;
    rows.push(
      ["Jaeger thrift, µs per span", figure(microsPerSpan.thrift), "OTLP JSON", figure(microsPerSpan.json)],
      ["Jaeger thrift, µs per span", figure(microsPerSpan.thrift), "OTLP protobuf", figure(microsPerSpan.protobuf)],
      [
        "Jaeger thrift, B per span",
        figure(bytesPerSpan.thrift),
        `exporter-jaeger ${jaeger.version}`,
        figure(bytesPerSpan.formerExporter),
      ],
      ["Jaeger thrift, B per span", figure(bytesPerSpan.thrift), "OTLP JSON", figure(bytesPerSpan.json)],
    );
  }
  return table(["part", "ours", "beside", "theirs"], rows);
}

function verdictTable(goals) {
  const rows = goals.map(({ title: name, limit, ratio }) => [
    name,
    `≤ ${limit}`,
    ratio === undefined ? "–" : ratio.toFixed(ratio < 0.1 ? 3 : 2),
    ratio === undefined ? "not measured" : ratio <= limit ? "met" : "**missed**",
  ]);
  return table(["goal (ratio)", "limit", "worst run", ""], rows);
}

/** The whole section. Absent measurements are left out. */
export function report({ subjects, absent, openai, options, found, truth, goals }) {
  const { times, later, heap, imports, disabled, parts } = found;
  const out = [`## sdk-overhead`, `${circumstances()}. openai ${openai}.`];
  if (absent.length > 0) out.push(`${absent.length} not installed, not measured: ${absent.join(", ")}.`);
  if (times !== undefined || heap !== undefined || imports !== undefined) {
    out.push(
      `What an SDK costs the application beside the raw client, whose own cost stands in the first row. Streams of 1 000 tokens with a usage chunk; one tracer provider (sdk-trace, batching, an exporter that does nothing) for all subjects, default capture settings. Isolated: a constant stream in memory instead of network and parser, the real client classes. Parsed: the client parses the same stream from memory; CPU of the whole process, garbage collection included. Each subject in its own process on one core, taking turns, the order turned around each round; the median over ${options.rounds} rounds of the difference within a round, of the tenth percentile where time is measured. One number per run.`,
      timesTable(subjects, found),
    );
  }
  if (later !== undefined) out.push(laterTable(later));
  if (imports !== undefined) out.push(`Import of \`@opentelemetry/api\`: ${figure(imports["@opentelemetry/api"])} ms.`);
  if (disabled !== undefined) out.push(disabledTable(disabled));
  if (parts !== undefined) out.push(partsTable(parts));
  if (truth !== undefined) {
    out.push(
      "What application and telemetry see of the same things, each in a fresh process against a server with an exact schedule:",
      table(
        ["", ...truth.subjects.map(title)],
        truth.rows.map(({ title: name, cells }) => [name, ...cells]),
      ),
      truth.broken.length === 0
        ? "Ours does what its contract asks in every row."
        : `**Ours fails: ${truth.broken.join("; ")}.**`,
    );
  }
  if (goals.length > 0) out.push(verdictTable(goals));
  return out.join("\n\n");
}
