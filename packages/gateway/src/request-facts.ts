/** What a request says about the call it makes: read from path and body, never written. */
import { jsonDepthExceeds, LIMITS, providerByFormat, type RequestReading } from "@nexent/monitor-core";
import type { Tail } from "./routes/tails.ts";

/** Facts of one LLM request; absent when nothing says them. */
export interface RequestFacts {
  /** As the body has it, else as the path has it. */
  readonly model: string | undefined;
  /** Whether a stream was asked for. */
  readonly streaming: boolean;
  /** Standard `gen_ai.request.*` parameters; never content. */
  readonly parameters: RequestReading["parameters"];
}

/** A longer name is not worth a map key. */
const MODEL_NAME_CHARACTERS = 256;

/** The parsed body, or undefined when it is not JSON we would dare to parse. It is never re-serialised. */
export function parsedJson(body: Buffer): unknown {
  if (jsonDepthExceeds(body, LIMITS.jsonNestingBrackets)) return undefined;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // Not JSON after all: the upstream says so in its own words.
    return undefined;
  }
}

/** What every format has in common; for answers that nobody parses. */
function readOpaque(body: unknown): RequestReading {
  if (typeof body !== "object" || body === null) return { stream: false, parameters: {} };
  const model = "model" in body && typeof body.model === "string" ? body.model : undefined;
  const stream = "stream" in body && body.stream === true;
  return { stream, parameters: {}, ...(model !== undefined && { model }) };
}

/** Reads a parsed body, undefined when it streams through unread, by the format of its endpoint. Never throws. */
export function readFacts(tail: Tail, body: unknown): RequestFacts {
  const provider = providerByFormat(tail.format);
  const reading = provider === undefined ? readOpaque(body) : provider.readRequest(body);
  const model = reading.model ?? tail.model;
  return {
    model: model === undefined || model.length > MODEL_NAME_CHARACTERS ? undefined : model,
    streaming: tail.streaming ?? reading.stream,
    parameters: reading.parameters,
  };
}
