import { METRICS } from "@nexent/monitor-core";
import { expect, it } from "vitest";
import { familyOf } from "./metric-names.ts";

it.each([
  ["gen_ai.client.inference.duration", "s", "histogram", "gen_ai_client_inference_duration_seconds", "seconds"],
  [
    "gen_ai.client.inference.usage.input_tokens",
    "{token}",
    "counter",
    "gen_ai_client_inference_usage_input_tokens",
    undefined,
  ],
  ["http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds", "seconds"],
  ["requests.total", "1", "counter", "requests", undefined],
  ["cpu.utilization", "1", "gauge", "cpu_utilization_ratio", "ratio"],
  ["net.io", "By/s", "gauge", "net_io_bytes_per_second", "bytes_per_second"],
  ["wait_seconds", "s", "gauge", "wait_seconds", "seconds"],
  ["vllm:num_requests_running", "", "gauge", "vllm:num_requests_running", undefined],
  ["9.lives", "", "gauge", "_9_lives", undefined],
  ["温度", "Cel", "gauge", "celsius", "celsius"],
  ["..", "", "gauge", "", undefined],
] as const)("%s in %j as %s is %s", (name, unit, type, family, words) => {
  expect(familyOf({ name, unit, type })).toEqual({ family, ...(words === undefined ? {} : { unit: words }) });
});

it("gives every family of ours the name under which it is scraped", () => {
  for (const { name, type } of Object.values(METRICS)) {
    for (const unit of ["", "s", "{token}", "{token}/s"]) {
      expect(familyOf({ name, unit, type }).family).toBe(name);
      expect(familyOf({ name: `${name}_total`, unit, type }).family).toBe(name);
    }
  }
});
