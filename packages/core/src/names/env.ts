/** One environment variable. The reference page is generated from these rows. */
export interface EnvVariable {
  readonly name: string;
  readonly program: "sdk" | "gateway" | "server" | "cli";
  /** As a reader would write it; `–` = unset. */
  readonly default: string;
  readonly meaning: string;
}

function row(program: EnvVariable["program"], name: string, defaultValue: string, meaning: string): EnvVariable {
  return { program, name, default: defaultValue, meaning };
}

/**
 * Every variable a program of ours reads. `sdk` rows hold for the gateway too. Booleans take `true 1 yes on` and
 * `false 0 no off`; an empty variable is unset.
 */
export const ENV: readonly EnvVariable[] = [
  row("sdk", "ENABLE_TELEMETRY", "off", "Turns monitoring on."),
  row(
    "sdk",
    "SERVICE_NAME",
    "see meaning",
    "Resource `service.name`. Default: `OTEL_SERVICE_NAME`, else `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else the application's package name, else `nexent-backend` (gateway: `nexent-gateway`).",
  ),
  row(
    "sdk",
    "JAEGER_ENDPOINT",
    "`http://localhost:14268/api/traces`",
    "Trace destination; wins over the OTLP variables. OTLP forms (`…/v1/traces`, port 4318) are sent; the thrift and gRPC forms are not available in this release.",
  ),
  row("sdk", "OTEL_EXPORTER_OTLP_ENDPOINT", "–", "OTLP base address of traces; `/v1/traces` is appended."),
  row("sdk", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "–", "OTLP address of traces, used as it is."),
  row("sdk", "OTEL_EXPORTER_OTLP_PROTOCOL", "`http/protobuf`", "`http/protobuf` or `http/json`."),
  row("sdk", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "–", "As above, for traces only."),
  row("sdk", "OTEL_EXPORTER_OTLP_HEADERS", "–", "Headers of the OTLP requests, `key=value,…`."),
  row("sdk", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "–", "As above, for traces only."),
  row("sdk", "OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "Milliseconds one export may take."),
  row("sdk", "OTEL_EXPORTER_OTLP_COMPRESSION", "`none`", "`gzip` or `none`."),
  row("sdk", "OTEL_TRACES_EXPORTER", "–", "`none` turns span export off: metrics only."),
  row("sdk", "OTEL_SERVICE_NAME", "–", "Resource `service.name` when `SERVICE_NAME` is unset."),
  row("sdk", "OTEL_RESOURCE_ATTRIBUTES", "–", "Resource attributes, `key=value,…`."),
  row("sdk", "OTEL_SDK_DISABLED", "false", "`true` wins over `ENABLE_TELEMETRY`."),
  row("sdk", "TELEMETRY_SAMPLE_RATE", "1.0", "Head probability of a trace, 0 to 1. Metrics always see every request."),
  row(
    "sdk",
    "OTEL_TRACES_SAMPLER",
    "–",
    "Used only if `TELEMETRY_SAMPLE_RATE` is unset: `always_on`, `always_off`, `traceidratio` and their `parentbased_` forms.",
  ),
  row("sdk", "OTEL_TRACES_SAMPLER_ARG", "–", "Probability for `traceidratio`."),
  row("sdk", "OTEL_BSP_SCHEDULE_DELAY", "500", "Longest wait of a finished span before it is sent, ms."),
  row("sdk", "OTEL_BSP_MAX_QUEUE_SIZE", "2048", "Spans that may wait; beyond, they are dropped and counted."),
  row("sdk", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "Spans per export request."),
  row("sdk", "LLM_SLOW_REQUEST_THRESHOLD_SECONDS", "5.0", "A longer request is slow; equal is not."),
  row("sdk", "LLM_SLOW_TOKEN_RATE_THRESHOLD", "10.0", "A lower generation rate, tokens/s, is slow; equal is not."),
  row("sdk", "LLM_MONITOR_SEMCONV", "`v0.1.0`", "GenAI attribute names: `v0.1.0`, `v1.41` or `dup` (both)."),
  row("sdk", "LLM_MONITOR_TOKEN_TAPE", "on", "Records the time of every counted chunk on the span."),
  row("sdk", "LLM_MONITOR_TOKEN_TAPE_MAX_BYTES", "16384", "Longest token tape; above, neighbours are merged."),
  row(
    "sdk",
    "LLM_MONITOR_ESTIMATE_TOKENS",
    "on",
    "Estimates output tokens from bytes when no usage came, and labels them so.",
  ),
  row("sdk", "LLM_MONITOR_EXEMPLARS", "on", "Exemplars at `/metrics` (OpenMetrics only)."),
  row("sdk", "LLM_MONITOR_STALL_MIN_SECONDS", "2", "Shortest gap that may be a stall."),
  row("sdk", "LLM_MONITOR_STALL_FACTOR", "10", "Times the stream's median gap that a stall lasts at least."),
  row("sdk", "LLM_MONITOR_STALL_FIRST_TOKEN_SECONDS", "60", "Wait for the first token that is a stall."),
  row("sdk", "LLM_MONITOR_SLO_TTFT_SECONDS", "–", "Goodput objective: time to first token."),
  row("sdk", "LLM_MONITOR_SLO_TPOT_SECONDS", "–", "Goodput objective: time per output token."),
  row("sdk", "LLM_MONITOR_SLO_DURATION_SECONDS", "–", "Goodput objective: request duration."),
  row("sdk", "LLM_MONITOR_MAX_MODELS", "100", "Model names before `__overflow__`."),
  row("sdk", "LLM_MONITOR_MAX_SERIES", "1000", "Label sets per metric family."),
  row("sdk", "LLM_MONITOR_STREAM_IDLE_SECONDS", "600", "When a stream nobody reads is `abandoned`."),
  row("sdk", "LLM_MONITOR_SHUTDOWN_TIMEOUT_MS", "2000", "Longest flush at shutdown; it never rejects."),
  row("gateway", "GATEWAY_HOST", "127.0.0.1", "Address the gateway listens on."),
  row("gateway", "GATEWAY_PORT", "8000", "Port the gateway listens on."),
  row(
    "gateway",
    "UPSTREAM_BASE_URL",
    "`https://api.openai.com/v1`",
    "What the application had as its base URL; served under `/v1`.",
  ),
  row("gateway", "UPSTREAM_PROVIDER", "`openai`", "Value of the `provider` label of `/v1`, e.g. `vllm`."),
  row("gateway", "UPSTREAM_API_KEY", "–", "Key the gateway holds for the upstream; needs `GATEWAY_TOKENS`."),
  row("gateway", "GATEWAY_TOKENS", "–", "Accepted gateway tokens, at least 32 characters each, separated by commas."),
  row("gateway", "GATEWAY_TOKENS_FILE", "–", "File with further gateway tokens, separated by commas or white space."),
  row(
    "gateway",
    "UPSTREAM_MODELS",
    "–",
    "Model names admitted as label values before their first answer, separated by commas.",
  ),
  row(
    "gateway",
    "GATEWAY_EXACT_BASE_URL",
    "–",
    "Base URL of the built-in exact-schedule server, served under `/exact/v1`; set by `nexent-monitor up`.",
  ),
  row("gateway", "GATEWAY_DRAIN_TIMEOUT_MS", "30000", "How long running streams may finish after SIGTERM."),
  row("gateway", "GATEWAY_LOG_LEVEL", "info", "`debug` (one line per request), `info`, `warn`, `error` or `silent`."),
  row(
    "gateway",
    "LLM_MONITOR_ALLOWED_ORIGINS",
    "–",
    "Browser origins that may use the gateway besides its own, separated by commas.",
  ),
  row("gateway", "LLM_MONITOR_INJECT_USAGE", "on", "Asks streams for usage and takes it out of what the client sees."),
  row(
    "server",
    "LLM_MONITOR_BIND",
    "127.0.0.1",
    "Address of every listener. Another one needs a token and a changed password.",
  ),
  row("server", "LLM_MONITOR_DASHBOARD_PORT", "3005, else 3006", "Port of the dashboard and its JSON API."),
  row("server", "LLM_MONITOR_OTLP_HTTP_PORT", "4318", "Port of the OTLP receiver."),
  row("server", "LLM_MONITOR_DATA_DIR", "`.nexent/data`", "Data folder."),
  row("server", "LLM_MONITOR_INGEST_TOKEN", "–", "Token senders must present; at least 32 characters."),
  row(
    "server",
    "LLM_MONITOR_ALLOWED_HOSTS",
    "loopback names",
    "Host names that may appear in the `Host` header, separated by commas.",
  ),
  row(
    "server",
    "LLM_MONITOR_DURABILITY",
    "`fsync`",
    "`fsync`, `write` or `memory`; only `fsync` survives a power cut.",
  ),
  row("server", "LLM_MONITOR_DISK_RESERVE_MIB", "256", "Free disk space below which ingest is refused."),
  row("server", "LLM_MONITOR_GATEWAY_URL", "`http://127.0.0.1:8000`", "Where the Setup page finds the gateway."),
  row("server", "LLM_MONITOR_WEB_DIR", "–", "Folder with the built dashboard; set by `nexent-monitor up`."),
  row(
    "server",
    "LLM_MONITOR_FAILPOINT",
    "–",
    "`<name>:<n>`: kills the server at the n-th pass of a named point; for tests, loopback only.",
  ),
  row("cli", "EXACT_SERVER_PORT", "8009", "Port of the built-in exact-schedule server."),
];
