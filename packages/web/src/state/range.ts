/** Relative ranges by their URL value, in milliseconds, shortest first. */
export const RELATIVE_RANGES = {
  "5m": 5 * 60_000,
  "15m": 15 * 60_000,
  "1h": 3_600_000,
  "6h": 6 * 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
  "30d": 30 * 86_400_000,
} as const;
export type RelativeRange = keyof typeof RELATIVE_RANGES;
export const RELATIVE_KEYS = ["5m", "15m", "1h", "6h", "24h", "7d", "30d"] as const satisfies RelativeRange[];

/** The range in view: up to now, or fixed. Unix ms, half-open. */
export type Range =
  | { readonly kind: "relative"; readonly key: RelativeRange }
  | { readonly kind: "absolute"; readonly fromMs: number; readonly toMs: number };

/** Start and end of a range at a given moment. */
export function resolveRange(range: Range, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  if (range.kind === "absolute") return { fromMs: range.fromMs, toMs: range.toMs };
  return { fromMs: nowMs - RELATIVE_RANGES[range.key], toMs: nowMs };
}

/** The same range moved by a share of its length; negative is earlier. Never beyond now. */
export function shiftRange(range: Range, share: number, nowMs: number): Range {
  const { fromMs, toMs } = resolveRange(range, nowMs);
  const by = Math.min(Math.round((toMs - fromMs) * share), nowMs - toMs);
  return by === 0 ? range : absolute(fromMs + by, toMs + by);
}

/** Twice as long around the same middle; a relative range becomes the next longer one. */
export function zoomOut(range: Range, nowMs: number): Range {
  if (range.kind === "relative") {
    const next = RELATIVE_KEYS[RELATIVE_KEYS.indexOf(range.key) + 1];
    return next === undefined ? range : { kind: "relative", key: next };
  }
  const half = (range.toMs - range.fromMs) / 2;
  return absolute(range.fromMs - half, Math.min(nowMs, range.toMs + half));
}

/** A fixed range with whole milliseconds, at least one second long. */
export function absolute(fromMs: number, toMs: number): Range {
  const from = Math.max(0, Math.round(fromMs));
  return { kind: "absolute", fromMs: from, toMs: Math.max(from + 1_000, Math.round(toMs)) };
}

const NOW = /^now(?:-(\d+)([smhd]))?$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
const DATE_CLOCK = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

/** Reads a moment as people type it: `now-90m`, `09:00`, `2026-11-24 09:00`, `yesterday`, `昨天`. Local time. */
export function parseMoment(text: string, nowMs: number): number | undefined {
  const word = text.trim().toLowerCase();
  const relative = NOW.exec(word);
  if (relative !== null) return nowMs - Number(relative[1] ?? 0) * (UNIT_MS[relative[2] ?? "s"] ?? 0);
  if (word === "today" || word === "今天") return midnight(nowMs, 0);
  if (word === "yesterday" || word === "昨天") return midnight(nowMs, -1);
  const clock = CLOCK.exec(word);
  if (clock !== null) return atClock(midnight(nowMs, 0), clock[1], clock[2], clock[3]);
  const date = DATE_CLOCK.exec(word);
  if (date === null) return undefined;
  const day = new Date(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  // The Date constructor rolls 31 February over; a typed date must not.
  if (day.getMonth() !== Number(date[2]) - 1) return undefined;
  return atClock(day.getTime(), date[4] ?? "0", date[5] ?? "0", date[6]);
}

function midnight(nowMs: number, days: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).getTime();
}

function atClock(dayMs: number, hours = "0", minutes = "0", seconds = "0"): number | undefined {
  if (Number(hours) > 24 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const day = new Date(dayMs);
  day.setHours(Number(hours), Number(minutes), Number(seconds), 0);
  return day.getTime();
}
