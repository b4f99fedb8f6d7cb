import { absolute, RELATIVE_KEYS, type Range, type RelativeRange } from "./range.ts";

/** What a codec read: the value, and the key that held nonsense, if any. */
export interface Decoded<T> {
  readonly value: T;
  readonly bad?: string;
}

/** Reads and writes one piece of view state in the URL. Defaults are left out; foreign keys are never touched. */
export interface Codec<T> {
  readonly keys: readonly string[];
  readonly decode: (params: URLSearchParams) => Decoded<T>;
  /** Entries for a value; none for the default. */
  readonly encode: (value: T) => readonly (readonly [string, string])[];
}

/** The search part with one value replaced; keeps every other key and its order. Empty or starting with `?`. */
export function withValue<T>(search: string, codec: Codec<T>, value: T): string {
  const params = new URLSearchParams(search);
  for (const key of codec.keys) params.delete(key);
  for (const [key, text] of codec.encode(value)) params.append(key, text);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

const MAX_MS = 8_640_000_000_000_000;

function epochMs(text: string | null): number | undefined {
  if (text === null || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= MAX_MS ? value : undefined;
}

/** `t`, or `from` and `to`, or `at` (ten minutes around it). */
export function rangeCodec(defaultKey: RelativeRange): Codec<Range> {
  const fallback: Range = { kind: "relative", key: defaultKey };
  return {
    keys: ["t", "from", "to", "at"],
    decode: (params) => {
      const at = epochMs(params.get("at"));
      if (at !== undefined) return { value: absolute(at - 300_000, at + 300_000) };
      if (params.has("at")) return { value: fallback, bad: "at" };
      if (params.has("from") || params.has("to")) return decodeFixed(params, fallback);
      const text = params.get("t");
      if (text === null) return { value: fallback };
      const key = RELATIVE_KEYS.find((candidate) => candidate === text);
      return key === undefined ? { value: fallback, bad: "t" } : { value: { kind: "relative", key } };
    },
    encode: (range) => {
      if (range.kind === "relative") return range.key === defaultKey ? [] : [["t", range.key]];
      return [
        ["from", String(range.fromMs)],
        ["to", String(range.toMs)],
      ];
    },
  };
}

function decodeFixed(params: URLSearchParams, fallback: Range): Decoded<Range> {
  const fromMs = epochMs(params.get("from"));
  const toMs = epochMs(params.get("to"));
  if (fromMs === undefined) return { value: fallback, bad: "from" };
  if (toMs === undefined || toMs <= fromMs) return { value: fallback, bad: "to" };
  return { value: { kind: "absolute", fromMs, toMs } };
}

const MAX_CHOICES = 50;

function choicesCodec(key: string): Codec<readonly string[]> {
  return {
    keys: [key],
    decode: (params) => ({
      value: [...new Set(params.getAll(key).filter((text) => text !== ""))].slice(0, MAX_CHOICES),
    }),
    encode: (values) => values.map((value) => [key, value] as const),
  };
}

function textCodec(key: string, maxLength: number): Codec<string> {
  return {
    keys: [key],
    decode: (params) => {
      const text = params.get(key) ?? "";
      return text.length <= maxLength ? { value: text } : { value: text.slice(0, maxLength), bad: key };
    },
    encode: (value) => (value === "" ? [] : [[key, value]]),
  };
}

/** Chosen models, operations, providers; empty means all. */
export const modelsCodec = choicesCodec("m");
export const operationsCodec = choicesCodec("op");
export const providersCodec = choicesCodec("prov");

/** Filter text, passed to the server as it is. */
export const filterCodec = textCodec("f", 16_384);

/** Id of the selected row. */
export const selectedCodec = textCodec("sel", 128);

/** Language asked for by a link; empty = the reader's own. */
export const languageCodec = textCodec("lang", 35);

/** Live updates; on unless the link says otherwise. */
export const liveCodec: Codec<boolean> = {
  keys: ["live"],
  decode: (params) => {
    const text = params.get("live");
    if (text === null || text === "1") return { value: true };
    return text === "0" ? { value: false } : { value: true, bad: "live" };
  },
  encode: (live) => (live ? [] : [["live", "0"]]),
};

export const SORT_COLUMNS = ["start", "ttft", "speed", "duration", "in", "out", "stalls"] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

/** Order of the request list. */
export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

export const DEFAULT_SORT: Sort = { column: "start", descending: true };

/** A sort as the API takes it: `-start`, `ttft`. */
export function sortText(sort: Sort): string {
  return `${sort.descending ? "-" : ""}${sort.column}`;
}

export const sortCodec: Codec<Sort> = {
  keys: ["sort"],
  decode: (params) => {
    const text = params.get("sort");
    if (text === null) return { value: DEFAULT_SORT };
    const descending = text.startsWith("-");
    const column = SORT_COLUMNS.find((candidate) => candidate === text.slice(descending ? 1 : 0));
    return column === undefined ? { value: DEFAULT_SORT, bad: "sort" } : { value: { column, descending } };
  },
  encode: (sort) => (sortText(sort) === sortText(DEFAULT_SORT) ? [] : [["sort", sortText(sort)]]),
};
