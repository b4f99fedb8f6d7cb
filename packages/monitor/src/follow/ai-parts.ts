/**
 * Parts of a stream as the AI SDK (`ai`) hands them on, from its language models (versions 2 to 4 of their interface)
 * and from `fullStream`: one shape for every provider.
 */
import {
  DELTA_KIND_BIT,
  openaiChat,
  resetStreamEvent,
  summarisesThinking,
  utf8Length,
  type DeltaKind,
  type Provider,
  type ProviderFault,
  type ResponseReading,
  type StreamEvent,
} from "@nexent/monitor-core";
import { usageOf } from "./ai-usage.ts";
import { safeProperty } from "../redact.ts";
import { endOfThrown } from "../recording/thrown-error.ts";

/** Parts without anything that is counted. */
const SILENT = new Set(
  (
    "stream-start start start-step text-start text-end reasoning-start reasoning-end tool-input-end tool-result " +
    "tool-error tool-approval-request source raw abort reasoning-part-finish response-metadata finish finish-step error"
  ).split(" "),
);

const DELTAS: Readonly<Record<string, DeltaKind>> = {
  "text-delta": "text",
  "reasoning-delta": "reasoning",
  "tool-input-start": "tool",
  "tool-input-delta": "tool",
  "tool-call": "tool",
  text: "text",
  reasoning: "reasoning",
  file: "audio",
};

/** Where a part may have output: a delta, a tool's name and arguments. */
const TEXTS = ["delta", "text", "toolName", "input"];

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** UTF-8 bytes of a member: text, or the bytes of a file. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return utf8Length(value);
  if (value instanceof Uint8Array) return value.byteLength;
  return value === undefined || value === null ? 0 : utf8Length(JSON.stringify(value) ?? "");
}

/** How much output a part holds: its delta, a tool's name and arguments, a file. */
function outputBytes(part: unknown): number {
  const members = TEXTS.map((name) => bytesOf(safeProperty(part, name)));
  const data = safeProperty(part, "data") ?? safeProperty(safeProperty(part, "file"), "base64");
  return members.reduce((sum, bytes) => sum + bytes, bytesOf(data));
}

/** Models also say `finish` when their stream was cut: then with a reason that nobody gave. */
function finishReasonOf(reason: unknown): string | undefined {
  if (typeof reason === "string") return reason === "unknown" ? undefined : textOf(reason);
  const unified = textOf(safeProperty(reason, "unified"));
  return textOf(safeProperty(reason, "raw")) ?? (unified === "other" ? undefined : unified);
}

function faultOf(error: unknown): ProviderFault | undefined {
  const { outcome, errorType, errorCode } = endOfThrown(error, "stream");
  if (outcome !== "error" || errorType === undefined) return undefined;
  const known = errorType === "application" ? "stream_error" : errorType;
  return { errorType: known, ...(errorCode !== undefined && { code: errorCode }) };
}

function fill(event: StreamEvent, type: string, part: unknown): void {
  event.choiceCount = 1;
  if (type === "error") {
    event.fault = faultOf(safeProperty(part, "error"));
    if (event.fault !== undefined) event.type = "error";
  } else if (type === "response-metadata") {
    event.responseId = textOf(safeProperty(part, "id"));
    event.responseModel = textOf(safeProperty(part, "modelId"));
  } else if (type === "finish" || type === "finish-step") {
    event.usage = usageOf(safeProperty(part, "totalUsage") ?? safeProperty(part, "usage"));
    event.finishReason = finishReasonOf(safeProperty(part, "finishReason"));
  }
}

function addOutput(event: StreamEvent, kind: DeltaKind, part: unknown): void {
  const bytes = outputBytes(part);
  if (bytes === 0) return;
  for (const name of TEXTS) {
    const text = textOf(safeProperty(part, name));
    if (text !== undefined) event.onText?.(kind, text);
  }
  event.kind ??= kind;
  event.kinds |= DELTA_KIND_BIT[kind];
  event.outputBytes += bytes;
}

function readAnswer(result: unknown): ResponseReading | undefined {
  const content = safeProperty(result, "content");
  if (!Array.isArray(content)) return undefined;
  const response = safeProperty(result, "response");
  const finishReason = finishReasonOf(safeProperty(result, "finishReason"));
  const usage = usageOf(safeProperty(result, "usage"));
  const [responseId, responseModel] = [textOf(safeProperty(response, "id")), textOf(safeProperty(response, "modelId"))];
  return {
    finishReasons: finishReason === undefined ? [] : [finishReason],
    outputBytes: content.reduce((sum: number, part: unknown) => sum + outputBytes(part), 0),
    choiceCount: 1,
    ...(usage !== undefined && { usage }),
    ...(responseId !== undefined && { responseId }),
    ...(responseModel !== undefined && { responseModel }),
  };
}

/** Whether a value is such a part. */
export function isAiPart(value: unknown): boolean {
  const type = safeProperty(value, "type");
  return typeof type === "string" && (SILENT.has(type) || /^(?:text|reasoning|tool-input)-delta$/.test(type));
}

/** What is known of a model whose parts are read. */
export interface AiModelTraits {
  /** The reasoning it hands on is a summary. */
  readonly summarisesReasoning: boolean;
}

/** The format of the parts of one stream. */
export function createAiParts({ summarisesReasoning }: AiModelTraits = { summarisesReasoning: false }): Provider {
  /** Calls whose arguments have been streamed: the whole call that follows says nothing new. */
  const streamed = new Set<unknown>();
  let summary = summarisesReasoning;
  return {
    format: "ai-sdk",
    readChunk(part, event) {
      resetStreamEvent(event);
      const type = safeProperty(part, "type");
      if (typeof type !== "string") return false;
      const kind = Object.hasOwn(DELTAS, type) ? DELTAS[type] : undefined;
      if (kind === undefined && !SILENT.has(type)) return false;
      fill(event, type, part);
      summary ||= type === "response-metadata" && summarisesThinking(event.responseModel);
      if (type === "reasoning-delta" && summary) event.reasoningForm = "summary";
      // A block of reasoning, of which perhaps no text follows.
      else if (type === "reasoning-start") event.reasoningForm = "redacted";
      if (type === "tool-input-start") streamed.add(safeProperty(part, "id"));
      const repeated = type === "tool-call" && streamed.has(safeProperty(part, "toolCallId"));
      if (kind !== undefined && !repeated) addOutput(event, kind, part);
      return true;
    },
    readResponse: readAnswer,
    readRequest: () => ({ stream: false, parameters: {} }),
    // Parts are objects; nobody sends them as bytes.
    createStreamParser: () => openaiChat.createStreamParser(),
    normalEnd: "finish_reason",
  };
}
