const SETTING =
  /^(OTEL_|LLM_|GATEWAY_|UPSTREAM_|NEXENT_|EXACT_|TELEMETRY_|JAEGER_|ENABLE_TELEMETRY$|SERVICE_NAME$|NODE_OPTIONS$)/;

/** The environment without any setting of ours: what is verified is the product as it comes. */
export function withoutSettings(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SETTING.test(name)));
}

/** The settings that both measured processes get: monitoring on, records as JSON to `endpoint`. */
export function exportSettings(endpoint: string, service: string): Record<string, string> {
  return {
    ENABLE_TELEMETRY: "true",
    SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "1000",
  };
}
