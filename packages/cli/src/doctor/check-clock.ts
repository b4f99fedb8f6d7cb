import { finding, type Finding } from "./finding.ts";
import { fetchText } from "./http.ts";
import type { Running, Stack } from "./stack.ts";

/** A Date header has whole seconds, and the answer took its time. */
const TOLERATED_SECONDS = 2;

/** Compares this clock with that of every part by the `Date` of its answers. */
export async function checkClock(stack: Stack, running: Running, nowMs: () => number): Promise<readonly Finding[]> {
  const parts = [
    ...(running.gateway ? [{ part: "gateway", url: `${stack.gatewayUrl}/health` }] : []),
    ...(running.serverUrl === undefined ? [] : [{ part: "dashboard", url: `${running.serverUrl}/health` }]),
    ...(running.jaeger ? [{ part: "Jaeger API", url: `${stack.jaegerUrl}/api/services` }] : []),
    ...(running.prometheus ? [{ part: "Prometheus", url: `${stack.prometheusUrl}/-/healthy` }] : []),
  ];
  const findings: Finding[] = [];
  let largest: number | undefined;
  for (const { part, url } of parts) {
    const date = Date.parse((await fetchText(url))?.headers.get("date") ?? "");
    if (Number.isNaN(date)) continue;
    // The header was cut to its second: half of one is the best guess for the rest.
    const seconds = Math.abs(nowMs() - (date + 500)) / 1000;
    if (seconds > TOLERATED_SECONDS)
      findings.push(finding("problem", "clock_off", { part, seconds: Math.round(seconds) }));
    else largest = Math.max(largest ?? 0, seconds);
  }
  if (largest !== undefined) findings.push(finding("ok", "clock_ok", { seconds: Math.max(1, Math.ceil(largest)) }));
  return findings;
}
