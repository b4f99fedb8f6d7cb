import { inspect } from "node:util";
import { createMetricRegistry, METRICS } from "@nexent/monitor-core";
import type {
  ReadExemplar,
  ReadFamily,
  ReadSample,
  TextFormat,
} from "../../../packages/server/src/codecs/exposition-model.ts";
import { readExposition } from "../../../packages/server/src/codecs/exposition-text.ts";
import { CANARY, must, orRefused, type FuzzTarget } from "../harness/target.ts";

const FORMATS: readonly TextFormat[] = ["text", "openmetrics"];

/** What our own printer prints. */
function printed(format: TextFormat): string {
  const registry = createMetricRegistry({ resource: { service_name: CANARY } });
  const labels = { model: CANARY, operation: "chat", provider: 'a"b\\c\n' };
  const exemplar = { traceId: "ab".repeat(16), spanId: "cd".repeat(8), timestampSeconds: 1_700_000_000.25 };
  registry.counter(METRICS.llmTotalTokens, { ...labels, type: "output", estimated: "false" }).add(20, exemplar);
  registry.histogram(METRICS.llmTimeToFirstTokenSeconds, labels).observe(0.5, exemplar);
  registry.gauge(METRICS.nexentMonitorEventLoopLagSeconds, {}).set(0.25);
  return registry.expose(format);
}

const HAND_MADE = [
  `# HELP s A \\\\ summary.\n# TYPE s summary\ns{quantile="0.5"} 2\ns{quantile="1"} NaN\ns_sum -0\ns_count 3 17\n`,
  `# TYPE c_total counter\nc_total{a="${CANARY}",} 1e3 1395066363000\nbare +Inf\n# TYPE h histogram\nh_bucket{le="1"} 2\n`,
  `# TYPE c_seconds counter\n# UNIT c_seconds seconds\nc_seconds_total 1 1.5 # {x="${CANARY}"} 2 3\nc_seconds_created 0.5\n# EOF\n`,
  `# TYPE i info\ni_info{v="1"} 1\n# TYPE t stateset\nt{t="on"} 0\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n# EOF\n`,
];

/** Writes what was read, as plainly as the format allows. */
function print(samples: readonly ReadSample[], format: TextFormat): string {
  const heads = new Map<string, string>();
  for (const { family } of samples) headOf(family, format, heads);
  const lines = samples.flatMap((sample) => linesOf(sample, format));
  return [...heads.values(), ...lines, ...(format === "openmetrics" ? ["# EOF"] : [])].join("\n");
}

function headOf({ name, type, unit, help }: ReadFamily, format: TextFormat, heads: Map<string, string>): void {
  const plain = type === "info" ? name.replace(/_info$/, "") : name;
  const declared = type === "counter" && format === "text" ? `${plain}_total` : plain;
  const add = (keyword: string, text: string) =>
    void heads.set(`${keyword} ${declared}`, `# ${keyword} ${declared} ${text}`);
  if (help !== undefined) {
    const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
    add("HELP", format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped);
  }
  if (type !== "unknown") add("TYPE", type);
  if (unit !== undefined) add("UNIT", unit);
}

function linesOf({ family, labels, point, exemplars }: ReadSample, format: TextFormat): readonly string[] {
  const rest = [...exemplars];
  const line = (suffix: string, value: number, more: Readonly<Record<string, string>> = {}): string =>
    `${family.name}${suffix}${labelsOf({ ...labels, ...more })} ${numberOf(value)}` +
    timeOf(point.timestampMs, format) +
    exemplarOf(rest.shift());
  const lines: string[] = [];
  if (point.kind === "scalar") lines.push(line(family.type === "counter" ? "_total" : "", point.value));
  else if (point.kind === "summary") {
    for (const { quantile, value } of point.quantiles) lines.push(line("", value, { quantile: numberOf(quantile) }));
    lines.push(line("_sum", point.sum), line("_count", point.count));
  } else {
    for (const [at, count] of point.buckets.entries()) {
      lines.push(line("_bucket", count, { le: numberOf(point.bounds[at] ?? Infinity) }));
    }
    lines.push(line("_count", point.count), ...(point.sum === undefined ? [] : [line("_sum", point.sum)]));
  }
  if (point.startMs === undefined) return lines;
  return [...lines, `${family.name}_created${labelsOf(labels)} ${point.startMs / 1000}`];
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function timeOf(timestampMs: number | undefined, format: TextFormat): string {
  if (timestampMs === undefined) return "";
  return ` ${format === "openmetrics" ? timestampMs / 1000 : timestampMs}`;
}

function exemplarOf(exemplar: ReadExemplar | undefined): string {
  if (exemplar === undefined) return "";
  const { value, traceId, spanId, labels, timestampMs } = exemplar;
  const ids = {
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...(spanId === undefined ? {} : { span_id: spanId }),
  };
  return ` # ${labelsOf({ ...labels, ...ids })} ${numberOf(value)}${timeOf(timestampMs, "openmetrics")}`;
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const escape = (value: string) => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(",")}}`;
}

/** In an order of their own: lines that make no histogram come back among the others. */
function inOrder(samples: readonly ReadSample[]): readonly string[] {
  return samples
    .map((sample) => inspect(sample, { depth: 9, sorted: true, maxStringLength: null, maxArrayLength: null }))
    .toSorted();
}

/** Text of a scrape: what was read is read again when it is written, not a number of it altered. */
export const prometheusText: FuzzTarget = {
  seeds: () => [...FORMATS.map(printed), ...HAND_MADE].map((text) => new Uint8Array(Buffer.from(text))),
  dictionary: [
    "# TYPE ",
    "# HELP ",
    "# UNIT ",
    "# EOF\n",
    "_bucket{le=",
    "_created ",
    "_total",
    " # {",
    "+Inf",
    "\\n",
    "NaN",
  ],
  run(input) {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(input);
    for (const format of FORMATS) {
      const read = orRefused(() => readExposition(text, format));
      if (read === undefined) continue;
      const again = orRefused(() => readExposition(print(read.samples, format), format));
      must(again !== undefined, "what was read is refused when it is written again");
      const [before, after] = [inOrder(read.samples), inOrder(again.samples)];
      must(before.join("\n") === after.join("\n"), "what was written is read as something else");
    }
  },
};
