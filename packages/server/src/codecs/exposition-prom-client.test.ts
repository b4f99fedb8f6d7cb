import { expect, it } from "vitest";
import type { TextFormat } from "./exposition-model.ts";
import { readExposition } from "./exposition-text.ts";

/** One registry as prom-client 15.1.3 printed it. */
const PRINTED: Readonly<Record<TextFormat, string>> = {
  text: String.raw`# HELP http_requests_total Requests "all" \\ of\nthem.
# TYPE http_requests_total counter
http_requests_total{path="/a\"b\\c\n"} 3

# HELP queue Waiting.
# TYPE queue gauge
queue -2.5

# HELP wait_seconds Wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1",m="x"} 1
wait_seconds_bucket{le="1",m="x"} 2
wait_seconds_bucket{le="5",m="x"} 2
wait_seconds_bucket{le="+Inf",m="x"} 3
wait_seconds_sum{m="x"} 9.55
wait_seconds_count{m="x"} 3

# HELP size Size.
# TYPE size summary
size{quantile="0.5"} 4
size{quantile="0.99"} 4
size_sum 4
size_count 1
`,
  openmetrics: String.raw`# HELP http_requests Requests "all" \\ of\nthem.
# TYPE http_requests counter
http_requests_total{path="/a\"b\\c\n"} 3 # {traceId="x"} 3 1795545987.801
# HELP queue Waiting.
# TYPE queue gauge
queue -2.5
# HELP wait_seconds Wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1",m="x"} 1
wait_seconds_bucket{le="1",m="x"} 2
wait_seconds_bucket{le="5",m="x"} 2
wait_seconds_bucket{le="+Inf",m="x"} 3
wait_seconds_sum{m="x"} 9.55
wait_seconds_count{m="x"} 3
# HELP size Size.
# TYPE size summary
size{quantile="0.5"} 4
size{quantile="0.99"} 4
size_sum 4
size_count 1
# EOF
`,
};

it.each(["text", "openmetrics"] as const)("what prom-client prints as %s is the same registry", (format) => {
  const { samples, lineSamples } = readExposition(PRINTED[format], format);
  const exemplars = [{ value: 3, labels: { traceId: "x" }, timestampMs: 1_795_545_987_801 }];
  expect(lineSamples).toBe(12);
  expect(samples).toEqual([
    {
      family: { name: "http_requests", type: "counter", help: 'Requests "all" \\ of\nthem.' },
      labels: { path: '/a"b\\c\n' },
      point: { kind: "scalar", value: 3 },
      exemplars: format === "text" ? [] : exemplars,
    },
    {
      family: { name: "queue", type: "gauge", help: "Waiting." },
      labels: {},
      point: { kind: "scalar", value: -2.5 },
      exemplars: [],
    },
    {
      family: { name: "wait_seconds", type: "histogram", help: "Wait." },
      labels: { m: "x" },
      point: { kind: "histogram", count: 3, sum: 9.55, bounds: [0.1, 1, 5], buckets: [1, 2, 2, 3] },
      exemplars: [],
    },
    {
      family: { name: "size", type: "summary", help: "Size." },
      labels: {},
      point: {
        kind: "summary",
        count: 1,
        sum: 4,
        quantiles: [
          { quantile: 0.5, value: 4 },
          { quantile: 0.99, value: 4 },
        ],
      },
      exemplars: [],
    },
  ]);
});
