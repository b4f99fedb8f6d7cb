/** `llm.server.*` attributes -> what the inference server said of itself: the inverse of what the SDK writes. */
import { createAttributeReader, type AttributeReader } from "./attribute-reader.ts";
import type { AttributeMap } from "./model/span-record.ts";
import { ATTR } from "./names/attributes.ts";
import type { ServerPhaseTimings, ServerTimings } from "./providers/provider.ts";

type Kind = "number" | "positive" | "count";
type Rows<T> = readonly (readonly [field: keyof T, kind: Kind, attribute: string])[];

const WHOLE: Rows<Omit<ServerTimings, "reasoning" | "content">> = [
  ["queueSeconds", "number", ATTR.llmServerQueueSeconds],
  ["loadSeconds", "number", ATTR.llmServerLoadSeconds],
  ["prefillSeconds", "number", ATTR.llmServerPrefillSeconds],
  ["decodeSeconds", "number", ATTR.llmServerDecodeSeconds],
  ["totalSeconds", "number", ATTR.llmServerTotalSeconds],
  ["interTokenSeconds", "number", ATTR.llmServerInterTokenSeconds],
  ["decodeRateTokensPerSecond", "positive", ATTR.llmServerDecodeRate],
  ["endToEndRateTokensPerSecond", "positive", ATTR.llmServerEndToEndRate],
  ["unclassifiedTokenCount", "count", ATTR.llmServerUnclassifiedTokenCount],
];
const REASONING: Rows<ServerPhaseTimings> = [
  ["tokenCount", "count", ATTR.llmServerReasoningTokenCount],
  ["timeToFirstTokenSeconds", "number", ATTR.llmServerReasoningTimeToFirstTokenSeconds],
  ["decodeSeconds", "number", ATTR.llmServerReasoningDecodeSeconds],
  ["interTokenSeconds", "number", ATTR.llmServerReasoningInterTokenSeconds],
  ["decodeRateTokensPerSecond", "positive", ATTR.llmServerReasoningDecodeRate],
];
const CONTENT: Rows<ServerPhaseTimings> = [
  ["tokenCount", "count", ATTR.llmServerContentTokenCount],
  ["timeToFirstTokenSeconds", "number", ATTR.llmServerContentTimeToFirstTokenSeconds],
  ["decodeSeconds", "number", ATTR.llmServerContentDecodeSeconds],
  ["interTokenSeconds", "number", ATTR.llmServerContentInterTokenSeconds],
  ["decodeRateTokensPerSecond", "positive", ATTR.llmServerContentDecodeRate],
];

/** What the inference server reported; undefined when it said nothing. Never throws: a bad value is absent. */
export function readServerTimings(attributes: AttributeMap): ServerTimings | undefined {
  const read = createAttributeReader(attributes);
  const reasoning = readRows(read, REASONING);
  const content = readRows(read, CONTENT);
  const timings: ServerTimings = {
    ...readRows(read, WHOLE),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(content === undefined ? {} : { content }),
  };
  return Object.keys(timings).length === 0 ? undefined : timings;
}

function readRows<T>(read: AttributeReader, rows: Rows<T>): Partial<Record<keyof T, number>> | undefined {
  const found: Partial<Record<keyof T, number>> = {};
  let isEmpty = true;
  for (const [field, kind, attribute] of rows) {
    const value = read[kind]([attribute]);
    if (value === undefined) continue;
    found[field] = value;
    isEmpty = false;
  }
  return isEmpty ? undefined : found;
}
