/** A port of the product: its number, the variable that moves it, and what listens there. */
export interface Port {
  readonly port: number;
  readonly variable: string;
  readonly purpose: string;
}

/** Every port number of the product stands here, once. All listeners bind 127.0.0.1 by default. */
export const PORTS = {
  gateway: { port: 8000, variable: "GATEWAY_PORT", purpose: "monitored OpenAI-compatible gateway, /metrics, /health" },
  dashboard: { port: 3005, variable: "LLM_MONITOR_DASHBOARD_PORT", purpose: "dashboard and JSON API" },
  dashboardBesideGrafana: {
    port: 3006,
    variable: "LLM_MONITOR_DASHBOARD_PORT",
    purpose: "dashboard when Grafana owns 3005",
  },
  otlpHttp: { port: 4318, variable: "LLM_MONITOR_OTLP_HTTP_PORT", purpose: "OTLP over HTTP receiver" },
  jaegerQuery: { port: 16686, variable: "LLM_MONITOR_JAEGER_PORT", purpose: "Jaeger-compatible query API" },
  prometheusQuery: {
    port: 9090,
    variable: "LLM_MONITOR_PROMETHEUS_PORT",
    purpose: "Prometheus-compatible query API",
  },
  otlpGrpc: { port: 4317, variable: "LLM_MONITOR_OTLP_GRPC_PORT", purpose: "OTLP over gRPC receiver" },
  jaegerThrift: {
    port: 14268,
    variable: "LLM_MONITOR_JAEGER_THRIFT_PORT",
    purpose: "Jaeger thrift over HTTP receiver, where the SDK sends by default",
  },
  exactServer: {
    port: 8009,
    variable: "EXACT_SERVER_PORT",
    purpose: "exact-schedule LLM server, the built-in model for first requests, demo and verify",
  },
} as const satisfies Record<string, Port>;
