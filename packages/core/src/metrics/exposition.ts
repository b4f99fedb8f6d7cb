import { escapeLabel } from "./sample-text.ts";
import { labelText } from "./label-text.ts";
import type { ExpositionFormat, MetricDefinition } from "./registry-contract.ts";

/** How `/metrics` answers. */
export interface Exposition {
  readonly format: ExpositionFormat;
  readonly contentType: string;
}

const OPENMETRICS: Exposition = {
  format: "openmetrics",
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};
const TEXT: Exposition = { format: "text", contentType: "text/plain; version=0.0.4; charset=utf-8" };

interface AcceptedType {
  readonly type: string;
  readonly version: string | undefined;
  readonly q: number;
}

function parseAccept(accept: string): readonly AcceptedType[] {
  return accept.split(",").map((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const value = (name: string): string | undefined =>
      parameters
        .find((parameter) => parameter.toLowerCase().startsWith(`${name}=`))
        ?.slice(name.length + 1)
        .replaceAll('"', "");
    const q = Number(value("q") ?? 1);
    return { type: type.toLowerCase(), version: value("version"), q: Number.isFinite(q) ? q : 0 };
  });
}

/** Chooses the format by the `Accept` header: OpenMetrics 1.0 when asked for by name and not liked less than text. */
export function negotiateExposition(accept: string | undefined): Exposition {
  const types = parseAccept(accept ?? "");
  const liking = (name: string): number | undefined => {
    const qs = types.filter(({ type }) => type === name).map(({ q }) => q);
    return qs.length === 0 ? undefined : Math.max(...qs);
  };
  const openMetrics = types
    .filter(({ type, version }) => type === "application/openmetrics-text" && (version ?? "1.0.0") === "1.0.0")
    .reduce((best, { q }) => Math.max(best, q), 0);
  const text = liking("text/plain") ?? liking("text/*") ?? liking("*/*") ?? 0;
  return openMetrics > 0 && openMetrics >= text ? OPENMETRICS : TEXT;
}

/** HELP, TYPE and, for seconds in OpenMetrics, UNIT. Any other unit would have to be a suffix of the name. */
export function familyHead(definition: MetricDefinition, format: ExpositionFormat): string {
  const name = format === "text" && definition.type === "counter" ? `${definition.name}_total` : definition.name;
  const plain = definition.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const help = format === "openmetrics" ? plain.replaceAll('"', '\\"') : plain;
  const unit =
    format === "openmetrics" && definition.unit === "seconds" && definition.name.endsWith("_seconds")
      ? `# UNIT ${definition.name} seconds\n`
      : "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${definition.type}\n${unit}`;
}

/** An attribute name as a label name; dots become underscores as in OpenTelemetry's translation. */
function labelName(key: string): string {
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/^_+/, "_");
  return /^\d/.test(name) || name === "" ? `_${name}` : name;
}

/** `target_info` with the resource of this process; nothing without attributes. */
export function resourceLines(resource: Readonly<Record<string, string>>, format: ExpositionFormat): string {
  // Keys that differ only in dots give one label: a name twice in one sample would fail the scrape.
  const labels = new Map(Object.entries(resource).map(([key, value]) => [labelName(key), labelText(value)]));
  if (labels.size === 0) return "";
  const pairs = Array.from(labels, ([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
  const [name, type] = format === "openmetrics" ? ["target", "info"] : ["target_info", "gauge"];
  return `# HELP ${name} Resource of this process.\n# TYPE ${name} ${type}\ntarget_info{${pairs}} 1\n`;
}
