/** A sample value or exemplar value: shortest round-trip form; special values as Prometheus spells them. */
export function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return Number.isNaN(value) ? "NaN" : String(value);
}

/** Value of an `le` label and of an exemplar: integers always with `.0`, as both formats ask. */
export function floatText(value: number): string {
  const text = valueText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Escapes a label value for both formats. */
export function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
