import type { ReadExemplar, SampleLine, TextFormat } from "./exposition-model.ts";
import { LineScanner } from "./exposition-scanner.ts";

/** A line that says something about a family. */
export interface CommentLine {
  readonly keyword: "HELP" | "TYPE" | "UNIT";
  readonly name: string;
  readonly text: string;
}

const KEYWORDS = ["HELP", "TYPE", "UNIT"] as const;
/** OpenMetrics bounds the characters of an exemplar's labels, names and values together. */
const EXEMPLAR_CHARS = 128;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** What a `#` line says; undefined for a remark, which only the older format knows. @throws {PAYLOAD_MALFORMED} */
export function readComment(text: string, line: number, format: TextFormat): CommentLine | undefined {
  const scanner = new LineScanner(text.slice(1), line);
  const hadBlank = scanner.blanks();
  const [, word = ""] = /^#[ \t]*(\S*)/.exec(text) ?? [];
  const keyword = KEYWORDS.find((known) => known === word);
  if (keyword === undefined || !hadBlank || (keyword === "UNIT" && format === "text")) {
    if (format === "openmetrics") throw scanner.fault("a comment must be HELP, TYPE, UNIT or EOF");
    return undefined;
  }
  scanner.word("a keyword");
  scanner.blanks();
  const name = scanner.metricName();
  if (!scanner.blanks() && !scanner.isAtEnd) throw scanner.fault("a metric name has an unknown character");
  const rest = scanner.rest();
  return { keyword, name, text: keyword === "HELP" ? unescapeHelp(rest, format) : rest.trim() };
}

function unescapeHelp(text: string, format: TextFormat): string {
  return text.replaceAll(/\\(.)/g, (whole, escaped: string) => {
    if (escaped === "n") return "\n";
    return escaped === "\\" || (escaped === '"' && format === "openmetrics") ? escaped : whole;
  });
}

/** A sample line. @throws {PAYLOAD_MALFORMED} */
export function readSampleLine(text: string, line: number, format: TextFormat): SampleLine {
  const scanner = new LineScanner(text, line);
  scanner.blanks();
  const name = scanner.metricName();
  const hadBlank = scanner.blanks();
  const hasLabels = scanner.takes("{");
  const labels = hasLabels ? scanner.labels() : new Map<string, string>();
  if (labels.has("__name__")) throw scanner.fault("__name__ cannot be a label");
  if (!scanner.blanks() && !hadBlank && !hasLabels && !scanner.isAtEnd)
    throw scanner.fault("a metric name has an unknown character");
  const value = scanner.number("the value");
  const timestampMs = readTimestamp(scanner, format);
  const exemplar = readExemplar(scanner, format);
  if (!scanner.isAtEnd) throw scanner.fault("there is something behind the value");
  return {
    line,
    name,
    labels,
    value,
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(exemplar === undefined ? {} : { exemplar }),
  };
}

/** Milliseconds in the older format, seconds in OpenMetrics. */
function readTimestamp(scanner: LineScanner, format: TextFormat): number | undefined {
  scanner.blanks();
  if (scanner.isAtEnd || scanner.takes("#")) return undefined;
  const found = scanner.number("the timestamp");
  const ms = format === "openmetrics" ? Math.round(found * 1000) : found;
  if (!Number.isSafeInteger(ms)) throw scanner.fault("the timestamp is not a time");
  scanner.blanks();
  if (!scanner.isAtEnd && !scanner.takes("#")) throw scanner.fault("there is something behind the timestamp");
  return unsignedZero(ms);
}

/** A time of -0 is the same moment as 0. */
export function unsignedZero(ms: number): number {
  return ms + 0;
}

/** What stands behind the `#`, which is behind already. */
function readExemplar(scanner: LineScanner, format: TextFormat): ReadExemplar | undefined {
  if (scanner.isAtEnd) return undefined;
  if (format === "text") throw scanner.fault("the text format has no exemplars");
  scanner.blanks();
  if (!scanner.takes("{")) throw scanner.fault("an exemplar begins with '{'");
  const labels = scanner.labels();
  if ([...labels].flat().join("").length > EXEMPLAR_CHARS)
    throw scanner.fault(`an exemplar has more than ${EXEMPLAR_CHARS} characters`);
  scanner.blanks();
  const value = scanner.number("the value of the exemplar");
  scanner.blanks();
  const timestampMs = scanner.isAtEnd ? undefined : Math.round(scanner.number("the timestamp of the exemplar") * 1000);
  scanner.blanks();
  if (timestampMs === undefined) return { value, ...idsOf(labels) };
  if (!Number.isSafeInteger(timestampMs)) throw scanner.fault("the timestamp is not a time");
  return { value, ...idsOf(labels), timestampMs: unsignedZero(timestampMs) };
}

/** The two ids under the names that Prometheus and ours give them, and the other labels. */
function idsOf(labels: ReadonlyMap<string, string>): Pick<ReadExemplar, "labels" | "traceId" | "spanId"> {
  const rest = new Map(labels);
  const take = (name: string, form: RegExp): string | undefined => {
    const id = rest.get(name)?.toLowerCase();
    if (id === undefined || !form.test(id)) return undefined;
    rest.delete(name);
    return id;
  };
  const traceId = take("trace_id", TRACE_ID);
  const spanId = take("span_id", SPAN_ID);
  return {
    labels: Object.fromEntries(rest),
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
  };
}
