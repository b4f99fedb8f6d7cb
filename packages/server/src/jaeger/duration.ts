/** Nanoseconds of each unit that a Go duration may name. */
const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};
const PART = /(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Nanoseconds of a duration as Go writes it (`100ms`, `1.2s`, `1h30m`), the form Jaeger's query parameters have.
 * `undefined` for anything else, a negative one included: a span is never shorter than 0.
 */
export function parseGoDuration(text: string): bigint | undefined {
  if (text === "0") return 0n;
  let nanos = 0;
  PART.lastIndex = 0;
  do {
    const [, amount, unit] = PART.exec(text) ?? [];
    if (amount === undefined || unit === undefined) return undefined;
    nanos += Number(amount) * (UNIT_NANOS[unit] ?? 0);
  } while (PART.lastIndex < text.length);
  return Number.isSafeInteger(Math.round(nanos)) ? BigInt(Math.round(nanos)) : undefined;
}
