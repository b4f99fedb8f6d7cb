import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { createFamilies, isTypeName, type Families } from "./exposition-families.ts";
import { plainLabels, readGroup, type LineGroup } from "./exposition-groups.ts";
import { readComment, readSampleLine, unsignedZero } from "./exposition-lines.ts";
import type { ReadExposition, ReadSample, SampleLine, TextFormat } from "./exposition-model.ts";
import { malformed } from "./malformed.ts";

/** Label that a line of a histogram or summary has besides those of its series. */
const PART_LABEL: Readonly<Record<string, string>> = { histogram: "le", summary: "quantile" };

/** Everything read so far, families still in parts. */
interface Draft {
  readonly scalars: { readonly key: string; readonly sample: ReadSample }[];
  readonly groups: Map<string, LineGroup & { readonly key: string }>;
  /** Start of a series in ms, by its key. */
  readonly starts: Map<string, number>;
}

/**
 * Reads Prometheus text 0.0.4 or OpenMetrics 1.0. Histograms and summaries are put together from their lines; lines that
 * make none are kept one by one under their own names. Of a counter `_total` is left off the name.
 * @throws {PAYLOAD_MALFORMED} with the number of the line. @throws {PAYLOAD_TOO_LARGE} beyond the limits of a scrape.
 */
export function readExposition(text: string, format: TextFormat): ReadExposition {
  const families = createFamilies(format);
  const samples = readLines(text, format, families);
  const draft: Draft = { scalars: [], groups: new Map(), starts: new Map() };
  // Comments count for the whole family, so samples are placed when all of them are known.
  for (const sample of samples) place(sample, families, draft);
  return { samples: finish(draft), lineSamples: samples.length };
}

function readLines(text: string, format: TextFormat, families: Families): SampleLine[] {
  const samples: SampleLine[] = [];
  let line = 0;
  let hasEnded = false;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(at, end);
    at = end + 1;
    line++;
    if (line > LIMITS.scrapeLines) throw tooLarge(`more than ${LIMITS.scrapeLines} lines`);
    if (hasEnded) throw malformed(`line ${line}: there is something behind # EOF`);
    if (content.length > LIMITS.scrapeLineChars) throw malformed(`line ${line}: too long`);
    if (format === "openmetrics" && content === "# EOF") hasEnded = true;
    else if (content.startsWith("#")) declare(content, line, format, families);
    else if (content.trim() !== "") samples.push(readSampleLine(content, line, format));
    else if (format === "openmetrics") throw malformed(`line ${line}: an empty line`);
    if (samples.length > LIMITS.scrapeSamples) throw tooLarge(`more than ${LIMITS.scrapeSamples} samples`);
  }
  if (format === "openmetrics" && !hasEnded) throw malformed(`line ${line + 1}: # EOF is missing, the answer was cut`);
  return samples;
}

function declare(content: string, line: number, format: TextFormat, families: Families): void {
  const comment = readComment(content, line, format);
  if (comment === undefined) return;
  const { keyword, name, text } = comment;
  if (keyword === "HELP") families.declareHelp(name, text);
  else if (keyword === "UNIT") {
    if (text !== "" && !name.endsWith(`_${text}`)) throw malformed(`line ${line}: the unit does not end the name`);
    families.declareUnit(name, text);
  } else {
    if (!isTypeName(text, format)) throw malformed(`line ${line}: an unknown type`);
    if (!families.declareType(name, text)) throw malformed(`line ${line}: a second TYPE of one family`);
  }
}

function place(sample: SampleLine, families: Families, draft: Draft): void {
  const { family, suffix } = families.of(sample.name);
  const part = PART_LABEL[family.type];
  const labels = plainLabels(sample.labels, part);
  const key = seriesKey(family.name, family.type, labels);
  if (suffix === "_created") {
    const startMs = Math.round(sample.value * 1000);
    if (Number.isSafeInteger(startMs)) draft.starts.set(key, unsignedZero(startMs));
    return;
  }
  if (part === undefined) {
    const { value, timestampMs, exemplar } = sample;
    const point = { kind: "scalar" as const, value, ...(timestampMs === undefined ? {} : { timestampMs }) };
    const exemplars = exemplar === undefined ? [] : [exemplar];
    draft.scalars.push({ key, sample: { family, labels, point, exemplars } });
    return;
  }
  const groupKey = `${key} ${sample.timestampMs ?? ""}`;
  let group = draft.groups.get(groupKey);
  if (group === undefined) draft.groups.set(groupKey, (group = { key, family, labels, lines: [] }));
  group.lines.push({ suffix, sample });
}

function finish({ scalars, groups, starts }: Draft): ReadSample[] {
  const samples = scalars.map(({ key, sample }): ReadSample => {
    const startMs = starts.get(key);
    return startMs === undefined ? sample : { ...sample, point: { ...sample.point, startMs } };
  });
  for (const group of groups.values()) samples.push(...readGroup(group, starts.get(group.key)));
  return samples;
}

/** One text for one series: names sorted, and nothing a value holds can look like the next label. */
export function seriesKey(family: string, type: string, labels: Readonly<Record<string, string>>): string {
  let key = `${type} ${family}`;
  for (const name of Object.keys(labels).toSorted()) {
    const value = labels[name] ?? "";
    key += `\n${name}=${value.length}:${value}`;
  }
  return key;
}

function tooLarge(message: string): MonitorError {
  return new MonitorError("PAYLOAD_TOO_LARGE", message);
}
