import { useMemo } from "react";
import { useI18n } from "../i18n/i18n-context.tsx";
import { formatDuration, type DurationWords } from "./duration.ts";
import { fixed, formatBytes, formatChange, formatCount, formatShare, NBSP, threeDigits, UNKNOWN } from "./number.ts";

type Maybe = number | undefined | null;

/** All number formats of one language; the same functions serve DOM, canvas and export. Unknown gives a dash. */
export interface Format {
  /** Seconds. */
  readonly duration: (seconds: Maybe) => string;
  /** Tokens per second without the unit, three digits. */
  readonly speed: (tokensPerSecond: Maybe) => string;
  /** Tokens per second with its unit. */
  readonly rate: (tokensPerSecond: Maybe) => string;
  /** A rate; below 0.1 a second it is written per minute. */
  readonly perSecond: (value: Maybe) => string;
  /** A mean number of things: two decimals below ten, else three digits. */
  readonly amount: (value: Maybe) => string;
  readonly count: (value: Maybe) => string;
  readonly exact: (value: Maybe) => string;
  readonly decimal: (value: Maybe, decimals: number) => string;
  readonly share: (value: Maybe) => string;
  readonly bytes: (value: Maybe) => string;
  readonly change: (now: Maybe, before: Maybe) => string | undefined;
  /** How long ago, in words. */
  readonly ago: (seconds: number) => string;
}

interface FormatWords extends DurationWords {
  readonly perMinute: string;
}

const ENGLISH: FormatWords = { hour: "h", minute: "m", second: "s", perMinute: "min" };
const CHINESE: FormatWords = { hour: "小时", minute: "分", second: "秒", perMinute: "分钟" };
const PER_MINUTE_BELOW = 0.1;

const AGO: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Formats for a BCP 47 tag. */
export function createFormat(tag: string): Format {
  const words = tag.startsWith("zh") ? CHINESE : ENGLISH;
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "always" });
  const or = (write: (value: number) => string) => (value: Maybe) =>
    value === undefined || value === null || !Number.isFinite(value) ? UNKNOWN : write(value);
  return {
    duration: or((seconds) => formatDuration(seconds, words)),
    speed: or(threeDigits),
    rate: or((value) => `${threeDigits(value)}${NBSP}tok/s`),
    perSecond: or((value) =>
      value > 0 && value < PER_MINUTE_BELOW
        ? `${threeDigits(value * 60)}${NBSP}/${words.perMinute}`
        : `${threeDigits(value)}${NBSP}/s`,
    ),
    amount: or((value) => (value < 10 ? fixed(value, 2) : threeDigits(value))),
    count: or(formatCount),
    exact: or((value) => fixed(value, 0)),
    decimal: (value, decimals) => or((known) => fixed(known, decimals))(value),
    share: or(formatShare),
    bytes: or(formatBytes),
    change: (now, before) =>
      now === undefined || now === null || before === undefined || before === null
        ? undefined
        : formatChange(now, before),
    ago: (seconds) => {
      const [unit, size] = AGO.find(([, width]) => seconds >= width) ?? ["second", 1];
      return relative.format(-Math.max(0, Math.floor(seconds / size)), unit);
    },
  };
}

/** Formats of the active language. */
export function useFormat(): Format {
  const { tag } = useI18n();
  return useMemo(() => createFormat(tag), [tag]);
}
