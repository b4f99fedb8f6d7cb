import { escapeLabel } from "./number-text.ts";
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
      parameters.find((parameter) => parameter.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
    const q = Number(value("q") ?? 1);
    return { type: type.toLowerCase(), version: value("version"), q: Number.isFinite(q) ? q : 0 };
  });
}

/** Chooses the format by the `Accept` header: OpenMetrics 1.0 when asked for and not liked less than text, else text. */
export function negotiateExposition(accept: string | undefined): Exposition {
  const types = parseAccept(accept ?? "");
  const best = (matches: (type: AcceptedType) => boolean): number =>
    Math.max(0, ...types.filter(matches).map((type) => type.q));
  const openMetrics = best(
    ({ type, version }) => type === "application/openmetrics-text" && (version === undefined || version === "1.0.0"),
  );
  const text = best(({ type }) => type === "text/plain");
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

/** `target_info` with the resource of this process; nothing without attributes. */
export function resourceLines(resource: Readonly<Record<string, string>>, format: ExpositionFormat): string {
  const entries = Object.entries(resource);
  if (entries.length === 0) return "";
  const labels = entries.map(([key, value]) => `${key.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escapeLabel(value)}"`).join(",");
  const [name, type] = format === "openmetrics" ? ["target", "info"] : ["target_info", "gauge"];
  return `# HELP ${name} Resource of this process.\n# TYPE ${name} ${type}\ntarget_info{${labels}} 1\n`;
}
