import { z } from "zod";
import { messageSchema } from "./envelope.ts";

const seconds = z.number().optional();

/** One LLM call as a table row. `id` is `<trace id>-<span id>`. Absent = unknown. */
export const requestRowSchema = z.object({
  id: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  startMs: z.number(),
  service: z.string(),
  model: z.string(),
  responseModel: z.string().optional(),
  operation: z.string().optional(),
  provider: z.string().optional(),
  outcome: z.enum(["ok", "error", "cancelled", "abandoned", "unknown"]),
  errorType: z.string().optional(),
  finishReason: z.string().optional(),
  streaming: z.boolean().optional(),
  estimated: z.boolean().optional(),
  slow: z.boolean().optional(),
  durationSeconds: z.number(),
  ttftSeconds: seconds,
  firstAnswerTokenSeconds: seconds,
  generationRateTokensPerSecond: z.number().optional(),
  endToEndRateTokensPerSecond: z.number().optional(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  stallCount: z.number().optional(),
  attempts: z.number().optional(),
  /** 30 bytes as 40 base64 characters (dashboard contract 5.7); absent without a token tape. */
  fingerprint: z.string().optional(),
});
export type RequestRow = z.infer<typeof requestRowSchema>;

/** `GET /api/requests`. */
export const requestListSchema = z.object({
  rows: z.array(requestRowSchema),
  next: z.string().optional(),
  shown: z.number(),
  total: z.number(),
  newestCallMs: z.number().optional(),
});
export type RequestList = z.infer<typeof requestListSchema>;

/** Parts of the split; they add up to the duration to the microsecond (dashboard contract 1.3). */
export const SPLIT_PARTS = ["wait", "decode", "tool_wait", "stalls", "tail", "undivided"] as const;
export const splitSchema = z.array(z.object({ part: z.enum(SPLIT_PARTS), seconds: z.number() }));

const attributeSchema = z.object({ key: z.string(), value: z.string(), type: z.string() });

const serverPhaseSchema = z.object({
  tokenCount: z.number().optional(),
  timeToFirstTokenSeconds: seconds,
  decodeSeconds: seconds,
  interTokenSeconds: seconds,
  decodeRateTokensPerSecond: z.number().optional(),
});

/** What the inference server said of itself (measurement contract 3.5); it never replaces a mark. */
const serverTimingsSchema = z.object({
  queueSeconds: seconds,
  loadSeconds: seconds,
  prefillSeconds: seconds,
  decodeSeconds: seconds,
  totalSeconds: seconds,
  interTokenSeconds: seconds,
  decodeRateTokensPerSecond: z.number().optional(),
  endToEndRateTokensPerSecond: z.number().optional(),
  unclassifiedTokenCount: z.number().optional(),
  reasoning: serverPhaseSchema.optional(),
  content: serverPhaseSchema.optional(),
});

/** `GET /api/requests/:id`. */
export const requestDetailSchema = z.object({
  request: requestRowSchema,
  /** What stands out, as message ids. */
  verdict: z.array(messageSchema),
  marks: z.object({
    firstByteSeconds: seconds,
    firstChunkSeconds: seconds,
    ttftSeconds: seconds,
    firstAnswerTokenSeconds: seconds,
    firstToolCallSeconds: seconds,
    lastTokenSeconds: seconds,
  }),
  /** Absent when the server of the model reported nothing. */
  serverTimings: serverTimingsSchema.optional(),
  /** Rate without stalls and tool waits, tokens/s. */
  steadyRateTokensPerSecond: z.number().optional(),
  gaps: z.object({ n: z.number(), p50Seconds: z.number(), p99Seconds: z.number(), maxSeconds: z.number() }).optional(),
  pauses: z.object({ count: z.number(), lostSeconds: z.number(), thresholdSeconds: z.number() }).optional(),
  split: splitSchema,
  /** Rank 0..1 among requests of the same model and input class, last 24 h; absent below 20 of them. */
  ranks: z.object({ ttft: z.number().optional(), duration: z.number().optional(), n: z.number() }).optional(),
  tokenSource: z.string().optional(),
  clockSource: z.string().optional(),
  hasStream: z.boolean(),
  cacheReadTokens: z.number().optional(),
  reasoningTokens: z.number().optional(),
  attributes: z.array(attributeSchema),
  resource: z.array(attributeSchema),
  events: z.array(z.object({ name: z.string(), offsetSeconds: z.number(), attributes: z.array(attributeSchema) })),
  /** The trace this call belongs to, by start. */
  trace: z.array(
    z.object({
      spanId: z.string(),
      parentSpanId: z.string().optional(),
      name: z.string(),
      service: z.string(),
      kind: z.string(),
      startMs: z.number(),
      durationSeconds: z.number(),
      error: z.boolean(),
    }),
  ),
});
export type RequestDetail = z.infer<typeof requestDetailSchema>;

/** `GET /api/requests/:id/stream`: the decoded token tape in columns (dashboard contract 5.1). Microseconds from `t_req`. */
export const streamSchema = z.object({
  /** Delta to the previous counted chunk; the first from `t_req`. */
  dtUs: z.array(z.number()),
  /** Tokens per chunk (fractions when apportioned); absent when the axis is chunks. */
  k: z.array(z.number()).optional(),
  /** Runs of one kind: kind, number of chunks. */
  kinds: z.array(z.tuple([z.enum(["text", "reasoning", "tool", "refusal", "audio"]), z.number()])),
  firstsUs: z.object({
    byte: z.number().optional(),
    chunk: z.number().optional(),
    token: z.number().optional(),
    answer: z.number().optional(),
    tool: z.number().optional(),
  }),
  lastUs: z.number(),
  endUs: z.number(),
  /** What the token axis counts. */
  axis: z.enum(["exact", "estimated", "chunks"]),
  merged: z.boolean(),
  /** Found pauses and tool waits; `long` marks a stall of the measurement contract. */
  stalls: z.array(
    z.object({
      index: z.number(),
      fromUs: z.number(),
      toUs: z.number(),
      lostUs: z.number(),
      kind: z.enum(["stall", "toolWait"]),
      long: z.boolean(),
    }),
  ),
  rule: z.object({ minUs: z.number(), factor: z.number(), medianUs: z.number().optional(), thresholdUs: z.number() }),
});
export type StreamView = z.infer<typeof streamSchema>;
