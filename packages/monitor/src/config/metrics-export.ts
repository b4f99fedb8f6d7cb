import { readMetricsDestination, type Destination } from "./destination.ts";
import type { EnvironmentReader } from "./readers.ts";

/** How metrics leave the process, besides by a scrape of the application's own `/metrics`. */
export interface MetricsExport {
  readonly push?: Destination & { readonly intervalMs: number };
  /** Address of a listener for scrapes. */
  readonly listen?: { readonly host: string; readonly port: number };
}

const EXPORTERS = ["otlp", "prometheus", "none"] as const;
type Exporter = (typeof EXPORTERS)[number];

function readExporters(reader: EnvironmentReader): readonly Exporter[] {
  const variable = "OTEL_METRICS_EXPORTER";
  const names = (reader.text(variable) ?? "").toLowerCase().split(",");
  return names.flatMap((name): readonly Exporter[] => {
    const known = EXPORTERS.find((one) => one === name.trim());
    if (known !== undefined) return [known];
    if (name.trim() !== "") reader.problem(variable, `must be one of ${EXPORTERS.join(", ")}`);
    return [];
  });
}

/** `OTEL_METRICS_EXPORTER` and what belongs to it. `none` turns off both ways. */
export function readMetricsExport(reader: EnvironmentReader): MetricsExport {
  const exporters = readExporters(reader);
  if (exporters.includes("none")) return {};
  const scraped = exporters.includes("prometheus");
  const asked = exporters.includes("otlp");
  // Named alone, the listener is instead of a push.
  const push = scraped && !asked ? undefined : readMetricsDestination(reader, asked);
  const intervalMs = reader.number("OTEL_METRIC_EXPORT_INTERVAL", { min: 0, above: true, max: 86_400_000 }) ?? 60_000;
  return {
    ...(push !== undefined && { push: { ...push, intervalMs } }),
    ...(scraped && {
      listen: {
        host: reader.text("OTEL_EXPORTER_PROMETHEUS_HOST") ?? "localhost",
        port: reader.number("OTEL_EXPORTER_PROMETHEUS_PORT", { min: 0, max: 65_535, integer: true }) ?? 9464,
      },
    }),
  };
}
