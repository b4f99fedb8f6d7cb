import { connect } from "node:net";
import { ENV, MonitorError } from "@nexent/monitor-core";
import { readGatewayConfig } from "@nexent/monitor-gateway";
import { readServerConfig } from "@nexent/monitor-server";
import { nearestName } from "../nearest.ts";
import { finding, type Finding } from "./finding.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Variables that begin like ours, and could only be meant for us. */
const OURS = /^(LLM_|GATEWAY_|UPSTREAM_|EXACT_|TELEMETRY_|ENABLE_TELEM|JAEGER_END|SERVICE_NAM)/;
const ON = /^(true|1|yes|on)$/i;
const CONNECT_TIMEOUT_MS = 1_000;

/** Whether an SDK started with this environment would be on. */
export function isTelemetryOn(env: Env): boolean {
  return ON.test(env["ENABLE_TELEMETRY"]?.trim() ?? "") && !ON.test(env["OTEL_SDK_DISABLED"]?.trim() ?? "");
}

/** What an application or a program of ours would make of this environment. */
export async function checkEnvironment(env: Env): Promise<readonly Finding[]> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => (value ?? "").trim() !== ""));
  return [
    ...switchFindings(given),
    ...unknownVariables(given),
    ...badValues(given),
    ...(await destinationFindings(given)),
    nameFinding(given),
  ];
}

function switchFindings(env: Env): readonly Finding[] {
  if (!ON.test(env["ENABLE_TELEMETRY"] ?? "")) return [finding("note", "telemetry_off")];
  return isTelemetryOn(env) ? [finding("ok", "telemetry_on")] : [finding("warning", "telemetry_disabled_by_otel")];
}

function unknownVariables(env: Env): readonly Finding[] {
  const known = ENV.map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => OURS.test(name) && !known.includes(name))
    .map((name) => finding("warning", "variable_unknown", { name, nearest: nearestName(name, known) ?? "–" }));
}

/** The programs read the environment themselves, so that doctor judges exactly as they do. */
function badValues(env: Env): readonly Finding[] {
  const problems = new Map<string, string>();
  for (const read of [() => readServerConfig(env), () => readGatewayConfig(env)]) {
    for (const problem of problemsOf(read)) problems.set(nameIn(problem, env), problem);
  }
  return [...problems].map(([name, problem]) => finding("problem", "variable_bad", { name, problem }));
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof MonitorError) return error.message.split("\n");
    throw error;
  }
}

function nameIn(problem: string, env: Env): string {
  return Object.keys(env).find((name) => problem.includes(name)) ?? "configuration";
}

async function destinationFindings(env: Env): Promise<readonly Finding[]> {
  const jaeger = env["JAEGER_ENDPOINT"];
  const otlp = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  const findings: Finding[] = [];
  if (jaeger !== undefined && otlp !== undefined) findings.push(finding("warning", "destinations_both"));
  const url = jaeger ?? otlp;
  if (url === undefined || !URL.canParse(url)) return findings;
  const shown = new URL(url);
  // A destination may carry credentials.
  [shown.username, shown.password, shown.search] = ["", "", ""];
  const isUp = await accepts(new URL(url));
  findings.push(finding(isUp ? "ok" : "problem", isUp ? "destination_up" : "destination_down", { url: shown.href }));
  return findings;
}

function accepts(url: URL): Promise<boolean> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return new Promise((settle) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ""), port });
    const end = (isUp: boolean): void => {
      socket.destroy();
      settle(isUp);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

function nameFinding(env: Env): Finding {
  const resource = /(?:^|,)\s*service\.name\s*=\s*([^,]+)/.exec(env["OTEL_RESOURCE_ATTRIBUTES"] ?? "")?.[1]?.trim();
  const name = env["SERVICE_NAME"] ?? env["OTEL_SERVICE_NAME"] ?? resource;
  return name === undefined
    ? finding("note", "service_unnamed", { name: "nexent-backend" })
    : finding("ok", "service_named", { name });
}
