import {
  createMetricRegistry,
  METRICS,
  MonitorError,
  type FamilyReading,
  type MetricDefinition,
} from "@nexent/monitor-core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReadSample, TextFormat } from "./exposition-model.ts";
import { readExposition } from "./exposition-text.ts";

function read(text: string, format: TextFormat = "text") {
  return readExposition(text, format).samples;
}

function messageOf(text: string, format: TextFormat = "text"): string {
  try {
    readExposition(text, format);
  } catch (error) {
    if (error instanceof MonitorError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "read";
}

describe("text 0.0.4", () => {
  it.each(["text", "openmetrics"] as const)("takes a time of -0 as 0 (%s)", (format) => {
    const [first] = readExposition("a 1 -0\n# EOF\n", format).samples;
    expect(Object.is(first?.point.timestampMs, 0)).toBe(true);
  });

  it("gives counters without _total, gauges, untyped samples, timestamps and escapes", () => {
    const samples = read(
      [
        "# a remark",
        "# HELP http_requests_total The \\\\ total\\nnumber.",
        "# TYPE http_requests_total counter",
        'http_requests_total{method="post",code="200",} 1027 1395066363000',
        'http_requests_total { method = "a\\"b\\\\c\\nd" } 3 ',
        "",
        "# TYPE load gauge",
        "load -1.5e-3",
        'load{empty="",way="up"} +Inf',
        "bare NaN",
      ].join("\n"),
    );
    const counter = { name: "http_requests_total".slice(0, -6), type: "counter", help: "The \\ total\nnumber." };
    expect(samples).toEqual([
      {
        family: counter,
        labels: { method: "post", code: "200" },
        point: { kind: "scalar", value: 1027, timestampMs: 1_395_066_363_000 },
        exemplars: [],
      },
      { family: counter, labels: { method: 'a"b\\c\nd' }, point: { kind: "scalar", value: 3 }, exemplars: [] },
      { family: { name: "load", type: "gauge" }, labels: {}, point: { kind: "scalar", value: -0.0015 }, exemplars: [] },
      {
        family: { name: "load", type: "gauge" },
        labels: { way: "up" },
        point: { kind: "scalar", value: Infinity },
        exemplars: [],
      },
      { family: { name: "bare", type: "unknown" }, labels: {}, point: { kind: "scalar", value: NaN }, exemplars: [] },
    ]);
  });

  it("puts histograms and summaries together, whatever the order of their lines", () => {
    const samples = read(
      [
        "# TYPE h histogram",
        'h_sum{a="1"} 5.5',
        'h_bucket{a="1",le="+Inf"} 4',
        'h_bucket{a="1",le="5"} 3',
        'h_bucket{a="1",le="0.5"} 1',
        'h_count{a="1"} 4',
        "# TYPE s summary",
        's{quantile="0.5"} 2',
        's{quantile="0.99"} NaN',
        "s_sum 7",
        "s_count 3",
      ].join("\n"),
    );
    expect(samples.map(({ family, labels, point }) => ({ ...family, labels, point }))).toEqual([
      {
        name: "h",
        type: "histogram",
        labels: { a: "1" },
        point: { kind: "histogram", count: 4, sum: 5.5, bounds: [0.5, 5], buckets: [1, 3, 4] },
      },
      {
        name: "s",
        type: "summary",
        labels: {},
        point: {
          kind: "summary",
          count: 3,
          sum: 7,
          quantiles: [
            { quantile: 0.5, value: 2 },
            { quantile: 0.99, value: NaN },
          ],
        },
      },
    ]);
  });

  it.each([
    ["whose counts fall", ['h_bucket{le="1"} 3', 'h_bucket{le="2"} 2', 'h_bucket{le="+Inf"} 3', "h_count 3"]],
    ["whose count is another", ['h_bucket{le="1"} 3', 'h_bucket{le="+Inf"} 3', "h_count 4"]],
    ["with a bound that is no number", ['h_bucket{le="many"} 3', "h_count 4"]],
    ["with a bound twice", ['h_bucket{le="1"} 3', 'h_bucket{le="1.0"} 3', "h_count 4"]],
    ["without a count", ['h_bucket{le="1"} 3']],
  ])("keeps the lines of a histogram %s one by one", (_, lines) => {
    const samples = read(["# TYPE h histogram", ...lines].join("\n"));
    expect(samples.map(({ family, point }) => [family.name, family.type, point.kind])).toEqual(
      lines.map((line) => [line.split(/[{ ]/)[0], "unknown", "scalar"]),
    );
  });

  it("keeps the name of a counter that has no _total: nobody would find it under another one", () => {
    expect(read("# TYPE tgi_request_count counter\ntgi_request_count 3").map(({ family }) => family)).toEqual([
      { name: "tgi_request_count", type: "unknown" },
    ]);
  });
});

describe("OpenMetrics 1.0", () => {
  it("gives starts, exemplars, units, infos and state sets", () => {
    const samples = read(
      [
        "# TYPE foo_seconds counter",
        "# UNIT foo_seconds seconds",
        '# HELP foo_seconds With \\"quotes\\".',
        'foo_seconds_total{a="b"} 17.0 1520879607.789 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",x="y"} 0.5 1520879607.123',
        'foo_seconds_created{a="b"} 1520430000.5',
        "# TYPE build info",
        'build_info{version="1"} 1',
        "# TYPE state stateset",
        'state{state="on"} 1',
        "# TYPE gh gaugehistogram",
        'gh_bucket{le="1"} 2',
        "gh_gcount 2",
        "# EOF",
      ].join("\n"),
      "openmetrics",
    );
    expect(samples[0]).toEqual({
      family: { name: "foo_seconds", type: "counter", unit: "seconds", help: 'With "quotes".' },
      labels: { a: "b" },
      point: { kind: "scalar", value: 17, timestampMs: 1_520_879_607_789, startMs: 1_520_430_000_500 },
      exemplars: [
        {
          traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
          value: 0.5,
          timestampMs: 1_520_879_607_123,
          labels: { x: "y" },
        },
      ],
    });
    expect(samples.slice(1).map(({ family, labels }) => [family.name, family.type, labels])).toEqual([
      ["build_info", "info", { version: "1" }],
      ["state", "stateset", { state: "on" }],
      ["gh_bucket", "unknown", { le: "1" }],
      ["gh_gcount", "unknown", {}],
    ]);
  });

  it.each([
    ["# TYPE a counter", "PAYLOAD_MALFORMED line 2: # EOF is missing, the answer was cut"],
    ["# EOF\n# EOF", "PAYLOAD_MALFORMED line 2: there is something behind # EOF"],
    ["\n# EOF", "PAYLOAD_MALFORMED line 1: an empty line"],
    ["# remark\n# EOF", "PAYLOAD_MALFORMED line 1: a comment must be HELP, TYPE, UNIT or EOF"],
    ["# UNIT a seconds\n# EOF", "PAYLOAD_MALFORMED line 1: the unit does not end the name"],
    ["# TYPE a untyped\n# EOF", "PAYLOAD_MALFORMED line 1: an unknown type"],
  ])("refuses %j", (text, message) => expect(messageOf(text, "openmetrics")).toBe(message));
});

it.each([
  ['ok 1\n{a="b"} 1', "line 2: a metric name is missing"],
  ["a", "line 1: the value is missing"],
  ["a one", "line 1: the value is not a number"],
  ["a 0x10", "line 1: the value is not a number"],
  ["a 1 2 3", "line 1: there is something behind the timestamp"],
  ["a 1 1.5", "line 1: the timestamp is not a time"],
  ['a{b="c} 1', "line 1: a label value has no end"],
  ['a{b="\\t"} 1', "line 1: a label value has an unknown escape"],
  ['a{b="c",b="d"} 1', "line 1: a label stands twice"],
  ['a{b:c="d"} 1', "line 1: '=' is missing behind a label name"],
  ['a{b="c" d="e"} 1', "line 1: ',' or '}' is missing behind a label"],
  ['a{__name__="c"} 1', "line 1: __name__ cannot be a label"],
  ["a-b 1", "line 1: a metric name has an unknown character"],
  ["a 1 # {} 1", "line 1: the text format has no exemplars"],
  ["# TYPE a gauge\n# TYPE a gauge", "line 2: a second TYPE of one family"],
  [`a{${Array.from({ length: 65 }, (_, at) => `l${at}="x"`).join()}} 1`, "line 1: more than 64 labels"],
  [`a{b="${"x".repeat(70_000)}"} 1`, "line 1: too long"],
])("refuses %.40j with the number of the line", (text, message) =>
  expect(messageOf(text)).toBe(`PAYLOAD_MALFORMED ${message}`),
);

it("refuses more samples than one scrape may have", () => {
  expect(messageOf("a 1\n".repeat(100_001))).toBe("PAYLOAD_TOO_LARGE more than 100000 samples");
});

/** What the registry holds, as the reader gives it: cumulative buckets, exemplars, no `_total`. */
function expected({ definition, series }: FamilyReading, format: TextFormat): unknown[] {
  const { name, type, help, unit } = definition;
  const hasUnit = format === "openmetrics" && unit === "seconds" && name.endsWith("_seconds");
  return series.map((one) => {
    const labels = Object.fromEntries(
      definition.labels.map((label, at) => [label, one.labels[at] ?? ""]).filter(([, value]) => value !== ""),
    );
    const family = { name, type, ...(hasUnit ? { unit } : {}), help };
    if ("value" in one) return { family, labels, point: { kind: "scalar", value: one.value } };
    let total = 0;
    const buckets = one.counts.map((count) => (total += count));
    const point = { kind: "histogram", count: total, sum: one.sum, bounds: definition.buckets, buckets };
    return { family, labels, point };
  });
}

const DEFINITIONS: readonly MetricDefinition[] = [
  METRICS.llmTotalTokens,
  METRICS.llmRequestsInFlight,
  METRICS.llmTimeToFirstTokenSeconds,
  METRICS.llmTokenGenerationRate,
  METRICS.nexentMonitorEventLoopLagSeconds,
];
const recorded = fc.array(
  fc.record({
    definition: fc.constantFrom(...DEFINITIONS),
    labels: fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('a"b', "\\n", "\n", "")), {
      minLength: 6,
      maxLength: 6,
    }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
  }),
  { maxLength: 20 },
);

it.each(["text", "openmetrics"] as const)("reads back exactly what our own printer prints as %s", (format) => {
  fc.assert(
    fc.property(recorded, (recordings) => {
      const registry = createMetricRegistry();
      for (const { definition, labels: values, value } of recordings) {
        const labels = Object.fromEntries(definition.labels.map((label, at) => [label, values[at] ?? ""]));
        const exemplar = { traceId: "ab".repeat(16), spanId: "cd".repeat(8), timestampSeconds: 1_700_000_000.25 };
        if (definition.type === "counter") registry.counter(definition, labels).add(value, exemplar);
        else if (definition.type === "gauge") registry.gauge(definition, labels).set(value);
        else registry.histogram(definition, labels).observe(value, exemplar);
      }
      const families = DEFINITIONS.map(({ name }) => name);
      const samples = read(registry.expose(format, { families }), format);
      const want = registry.read().filter(({ definition }) => families.includes(definition.name));
      expect(sorted(samples.map(({ exemplars: _, ...sample }) => sample))).toEqual(
        sorted(want.flatMap((family) => expected(family, format))),
      );
      const exemplars = samples.flatMap((sample: ReadSample) => sample.exemplars);
      expect(
        exemplars.every(({ traceId, timestampMs }) => traceId === "ab".repeat(16) && timestampMs === 1_700_000_000_250),
      ).toBe(true);
    }),
    { numRuns: 200 },
  );
});

function sorted(values: readonly unknown[]): readonly string[] {
  return values.map((value) => JSON.stringify(value)).toSorted();
}
