import { PORTS } from "@nexent/monitor-core";
import type { CliConfig } from "../config.ts";
import type { UpPorts } from "./check-ports.ts";

/** What the text at start depends on. */
export interface WelcomeFacts {
  readonly config: CliConfig;
  readonly ports: UpPorts;
  readonly logDir: string;
  /** The default password still works. */
  readonly defaultPassword: boolean;
  /** There is a built dashboard. */
  readonly hasWeb: boolean;
}

/** The addresses, a first request, and what to do next. */
export function welcomeText(facts: WelcomeFacts): readonly string[] {
  const { config, ports } = facts;
  const gateway = `http://${config.gatewayHost}:${ports.gateway}`;
  const dashboard = `http://${config.serverHost}:${ports.dashboard}`;
  const thriftUrl = `http://${config.serverHost}:${ports.jaegerThrift}/api/traces`;
  const thriftNote =
    ports.jaegerThrift === PORTS.jaegerThrift.port
      ? "where @nexent/monitor sends with ENABLE_TELEMETRY=true alone"
      : `for @nexent/monitor: JAEGER_ENDPOINT=${thriftUrl}`;
  const signIn = facts.defaultPassword
    ? "sign in with admin / admin, then change the password or skip"
    : "sign in with your password";
  return [
    "",
    "Nexent LLM Monitor is running.",
    "",
    `  Dashboard  ${dashboard}   ${signIn}`,
    ...(ports.dashboardMoved
      ? [`             (${PORTS.dashboard.port} is taken; ${PORTS.dashboard.variable} chooses another port)`]
      : []),
    ...(facts.hasWeb ? [] : ["             (the dashboard is not built: npm run build)"]),
    `  Gateway    ${gateway}/v1   forwards to ${config.upstreamBaseUrl}`,
    `  Metrics    ${gateway}/metrics`,
    `  OTLP       http://${config.serverHost}:${ports.otlpHttp} (HTTP), http://${config.serverHost}:${ports.otlpGrpc} (gRPC)`,
    `  Thrift     ${thriftUrl}   ${thriftNote}`,
    `  Jaeger API http://${config.serverHost}:${ports.jaeger}   for Grafana's Jaeger data source and Jaeger clients`,
    `  Prometheus http://${config.serverHost}:${ports.prometheus}   Prometheus query API: selectors and listings, for Grafana and promtool`,
    `  Logs       ${facts.logDir}`,
    "",
    "A first request; it needs no key and shows up on the dashboard at once:",
    "",
    `  ${firstRequest(gateway)}`,
    "",
    "Your application needs one setting:",
    "",
    `  OPENAI_BASE_URL=${gateway}/v1`,
    "",
    "A few minutes of realistic traffic: npm run demo (in another terminal). Ctrl-C stops everything.",
  ];
}

/** The copy-paste request to the built-in exact-schedule model. */
function firstRequest(gateway: string): string {
  const body = '{"model":"exact","stream":true,"messages":[{"role":"user","content":"Hello"}]}';
  return `curl -N ${gateway}/exact/v1/chat/completions -H 'content-type: application/json' -d '${body}'`;
}
