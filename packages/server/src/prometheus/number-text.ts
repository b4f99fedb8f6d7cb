/** A sample value as Prometheus' API prints it: shortest form, an exponent only below 1e-6 and from 1e21. */
export function valueText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return specialText(value) ?? withLongExponent(String(value));
}

/** A bucket bound or quantile as OpenMetrics writes it (`0.5`, `1.0`, `1e+06`), the form Prometheus stores. */
export function boundText(value: number): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  const magnitude = Math.abs(value);
  const isPlain = magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  const text = isPlain ? String(value) : withLongExponent(value.toExponential());
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Seconds of a time, with its milliseconds. */
export function secondsOf(timestampMs: number): number {
  return timestampMs / 1_000;
}

function specialText(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? "+Inf" : "-Inf";
}

/** Go writes two digits of an exponent at least. */
function withLongExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}
