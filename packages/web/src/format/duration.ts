import { NBSP, fixed } from "./number.ts";

/** Words for minutes and hours; milliseconds and seconds keep their symbols in every language. */
export interface DurationWords {
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

/** Seconds as text. The unit is chosen after rounding, so 999.6 ms reads 1.00 s and never 1000 ms. */
export function formatDuration(seconds: number, words: DurationWords): string {
  if (seconds < 0) return `−${formatDuration(-seconds, words)}`;
  if (seconds === 0) return `0${NBSP}ms`;
  if (seconds * 1e3 < 0.995) return `${fixed(seconds * 1e3, 2)}${NBSP}ms`;
  if (seconds * 1e3 < 999.5) return `${fixed(seconds * 1e3, 0)}${NBSP}ms`;
  if (seconds < 9.995) return `${fixed(seconds, 2)}${NBSP}s`;
  if (seconds < 99.95) return `${fixed(seconds, 1)}${NBSP}s`;
  if (seconds < 3599.5) return pair(Math.round(seconds), words.minute, words.second);
  return pair(Math.round(seconds / 60), words.hour, words.minute);
}

function pair(small: number, bigWord: string, smallWord: string): string {
  const rest = String(small % 60).padStart(2, "0");
  return `${Math.floor(small / 60)}${NBSP}${bigWord}${NBSP}${rest}${NBSP}${smallWord}`;
}
