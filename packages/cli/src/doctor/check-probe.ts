import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { finding, type Finding } from "./finding.ts";
import { fetchData, fetchText, sumOf } from "./http.ts";
import type { Running, Stack } from "./stack.ts";

/** How the probe waits, and what it presents. */
export interface ProbeOptions {
  readonly timeoutSeconds: number;
  readonly gatewayToken: string | undefined;
  readonly readToken: string | undefined;
  readonly log: string;
}

const CALL_TIMEOUT_MS = 10_000;
const EVERY_MS = 200;
const COUNT = "llm_request_duration_seconds_count";

/** Sends one call to the built-in model through the gateway and waits for it in every back end that is there. */
export async function checkProbe(stack: Stack, running: Running, options: ProbeOptions): Promise<readonly Finding[]> {
  if (!running.gateway) return [];
  const before = await countedCalls(stack, options);
  const traceId = randomBytes(16).toString("hex");
  const call = await sendCall(stack, traceId, options);
  if (call.level !== "ok") return [call];
  return [
    call,
    await metricFinding(stack, before, options),
    ...(running.jaeger ? [await traceFinding(stack, traceId, options)] : []),
    ...(running.prometheus ? [await prometheusFinding(stack)] : []),
  ];
}

async function sendCall(stack: Stack, traceId: string, { gatewayToken, log }: ProbeOptions): Promise<Finding> {
  const begin = performance.now();
  try {
    const answer = await fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        // Sampled, and known before the call, so that its trace can be asked for by id.
        traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01`,
        ...(gatewayToken === undefined ? {} : { "x-nexent-token": gatewayToken }),
      },
      body: JSON.stringify({ model: "exact", stream: true, messages: [{ role: "user", content: "doctor" }] }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    await answer.text();
    if (answer.status === 404) return finding("note", "probe_no_model");
    if (!answer.ok) return finding("problem", "probe_refused", { problem: `HTTP ${answer.status}`, log });
    return finding("ok", "probe_answered", { ms: Math.round(performance.now() - begin) });
  } catch (error) {
    return finding("problem", "probe_refused", {
      problem: error instanceof Error ? error.message : String(error),
      log,
    });
  }
}

function readHeaders({ readToken }: ProbeOptions): Readonly<Record<string, string>> {
  return readToken === undefined ? {} : { authorization: `Bearer ${readToken}` };
}

async function countedCalls(stack: Stack, options: ProbeOptions): Promise<number> {
  const metrics = await fetchText(`${stack.gatewayUrl}/metrics`, readHeaders(options));
  return sumOf(metrics?.text ?? "", COUNT) ?? 0;
}

async function metricFinding(stack: Stack, before: number, options: ProbeOptions): Promise<Finding> {
  const url = `${stack.gatewayUrl}/metrics`;
  const isCounted = await until(options.timeoutSeconds, async () => (await countedCalls(stack, options)) > before);
  return isCounted ? finding("ok", "probe_metric", { url }) : finding("problem", "probe_no_metric", { url });
}

async function traceFinding(stack: Stack, traceId: string, options: ProbeOptions): Promise<Finding> {
  const url = `${stack.jaegerUrl}/api/traces/${traceId}`;
  const begin = performance.now();
  const isFound = await until(options.timeoutSeconds, async () => {
    const data = await fetchData(url, readHeaders(options));
    return Array.isArray(data) && data.length > 0;
  });
  return isFound
    ? finding("ok", "probe_trace", { url: stack.jaegerUrl, ms: Math.round(performance.now() - begin) })
    : finding("problem", "probe_no_trace", { url: stack.jaegerUrl, seconds: options.timeoutSeconds });
}

/** Scrapes come in their own time: what is asked is whether a target that is up has these metrics at all. */
async function prometheusFinding(stack: Stack): Promise<Finding> {
  const data = await fetchData(`${stack.prometheusUrl}/api/v1/query?query=nexent_monitor_state`);
  const result = typeof data === "object" && data !== null && "result" in data ? data.result : undefined;
  return Array.isArray(result) && result.length > 0
    ? finding("ok", "prometheus_scrapes", { url: stack.prometheusUrl })
    : finding("problem", "prometheus_no_target", { url: stack.prometheusUrl });
}

async function until(seconds: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadlineMs = performance.now() + seconds * 1000;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > deadlineMs) return false;
    await sleep(EVERY_MS);
  }
}
