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
  readonly perSecond: (value: Maybe) => string;
  readonly count: (value: Maybe) => string;
  readonly exact: (value: Maybe) => string;
  readonly decimal: (value: Maybe, decimals: number) => string;
  readonly share: (value: Maybe) => string;
  readonly bytes: (value: Maybe) => string;
  readonly change: (now: Maybe, before: Maybe) => string | undefined;
  /** How long ago, in words. */
  readonly ago: (seconds: number) => string;
}

const ENGLISH: DurationWords = { hour: "h", minute: "m", second: "s" };
const CHINESE: DurationWords = { hour: "小时", minute: "分", second: "秒" };

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
    perSecond: or((value) => `${threeDigits(value)}${NBSP}/s`),
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
