/** OpenAI Responses: named events, an envelope around the output, usage in the terminal event, no `[DONE]`. */
import { commonScenarios, type Closing, type Dialect } from "./common.ts";
import { definerOf, type Define } from "./define.ts";
import { oddSse } from "./framing-bytes.ts";
import { httpFailure } from "./http-failure.ts";
import {
  completed,
  CREATED,
  delta,
  done,
  event,
  failed,
  incomplete,
  itemAdded,
  itemDone,
  MESSAGE_ID,
  messageAdded,
  messageDone,
  numbered,
  type Place,
  text,
  usageOf,
  whole,
} from "./responses-frames.ts";
import { ENVELOPE_FIRSTS, REPORTED, TWENTY_WORDS } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, JSON_HEADERS, STREAM_HEADERS, WORD, type Fields } from "./writes.ts";

const OPEN = CREATED + messageAdded();

function close({ outputTokens, reason, content = "" }: Closing): string {
  const usage = outputTokens === undefined ? null : usageOf(outputTokens, 0);
  return messageDone(content) + (reason === "length" ? incomplete("max_output_tokens", usage) : completed(usage));
}

const DIALECT: Dialect = {
  format: "openai-responses",
  prefix: "responses",
  headers: STREAM_HEADERS,
  open: OPEN,
  text,
  close,
  errorEvent: event({ type: "error", code: "rate_limit_exceeded", message: "Too many tokens.", param: null }),
  errorType: "rate_limited",
  whole: (content, outputTokens) => whole(content, usageOf(outputTokens, 0)),
};

const defineUsual = definerOf(DIALECT);
const define: Define = (given) => defineUsual({ ...given, writes: numbered(given.writes) });

const REASONING_PLACE: Place = { item: "rs_scenario", index: 0 };
const TOOL_PLACE: Place = { item: "fc_scenario", index: 0 };
const MESSAGE_PLACE: Place = { item: MESSAGE_ID, index: 0 };

const reasoningItem = (summary: readonly Fields[] = []): Fields => ({
  id: REASONING_PLACE.item,
  type: "reasoning",
  summary,
});

const refused = (error: Fields): Fields => ({ error: { message: "refused", param: null, ...error } });

const REASONING: readonly Scenario[] = [
  define({
    name: "responses-hidden-reasoning",
    title: "A reasoning item and 100 tokens that only usage knows of: they are no part of the generating window.",
    writes: [
      at(100, CREATED, itemAdded(reasoningItem())),
      at(790, itemDone(reasoningItem()), messageAdded(1)),
      ...every(20, 800, 20, () => text(WORD, 1)),
      at(1220, messageDone(WORD.repeat(20), 1), completed(usageOf(120, 100))),
    ],
    end: { kind: "end", atMs: 1220 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.8,
      firstAnswerTokenSeconds: 0.8,
      // (120 - 100 - 1) / (1.18 - 0.8)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.22,
      outputTokens: 120,
    },
  }),
  define({
    name: "responses-summarised-reasoning",
    title: "A summary of the reasoning is streamed: the window begins with the answer, the reasoning is subtracted.",
    writes: [
      at(100, CREATED, itemAdded(reasoningItem())),
      ...every(20, 200, 5, () => delta("response.reasoning_summary_text.delta", WORD, REASONING_PLACE)),
      at(
        290,
        done("response.reasoning_summary_text.done", "text", WORD.repeat(5), REASONING_PLACE),
        itemDone(reasoningItem([{ type: "summary_text", text: WORD.repeat(5) }])),
        messageAdded(1),
      ),
      ...every(20, 500, 20, () => text(WORD, 1)),
      at(920, messageDone(WORD.repeat(20), 1), completed(usageOf(120, 100))),
    ],
    end: { kind: "end", atMs: 920 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.5,
      // (120 - 100 - 1) / (0.88 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.92,
      outputTokens: 120,
    },
  }),
  define({
    name: "responses-streamed-reasoning",
    title: "Reasoning streamed in full (open models): its first delta is the first token, the answer's comes later.",
    writes: [
      at(100, CREATED, itemAdded(reasoningItem())),
      ...every(20, 200, 10, () => delta("response.reasoning_text.delta", WORD, REASONING_PLACE)),
      at(
        390,
        done("response.reasoning_text.done", "text", WORD.repeat(10), REASONING_PLACE),
        itemDone(reasoningItem()),
        messageAdded(1),
      ),
      ...every(20, 400, 10, () => text(WORD, 1)),
      at(620, messageDone(WORD.repeat(10), 1), completed(usageOf(20, 10))),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.4,
      // Nothing is subtracted. (20 - 1) / (0.58 - 0.2)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
    },
  }),
  define({
    name: "responses-reasoning-without-count",
    title: "A reasoning item and no reasoning count: how much was generated in the window is unknown.",
    writes: [
      at(100, CREATED, itemAdded(reasoningItem())),
      at(190, itemDone({ ...reasoningItem(), encrypted_content: "b3BhcXVl" }), messageAdded(1)),
      ...every(20, 200, 20, () => text(WORD, 1)),
      at(620, messageDone(WORD.repeat(20), 1), completed(usageOf(120))),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...ENVELOPE_FIRSTS, durationSeconds: 0.62, outputTokens: 120 },
  }),
];

interface ToolShape {
  readonly name: string;
  readonly type: string;
  /** Begin of the event types. */
  readonly events: string;
  readonly item: Fields;
  /** The member that holds the arguments. */
  readonly member: "arguments" | "input";
}

function toolShape(given: Omit<ToolShape, "item">, more: Fields): ToolShape {
  return { ...given, item: { id: TOOL_PLACE.item, type: given.type, name: "get_weather", ...more } };
}

const TOOLS: readonly ToolShape[] = [
  toolShape(
    {
      name: "tool-call-only",
      type: "function_call",
      events: "response.function_call_arguments",
      member: "arguments",
    },
    { call_id: "call_1" },
  ),
  toolShape(
    {
      name: "custom-tool-only",
      type: "custom_tool_call",
      events: "response.custom_tool_call_input",
      member: "input",
    },
    { call_id: "call_1" },
  ),
  toolShape(
    { name: "mcp-call-only", type: "mcp_call", events: "response.mcp_call_arguments", member: "arguments" },
    { server_label: "weather" },
  ),
];

const OUTPUT: readonly Scenario[] = [
  define({
    name: "responses-refusal",
    title: "The model refuses in its own words: a refusal is visible answer.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 20, () => delta("response.refusal.delta", WORD, MESSAGE_PLACE)),
      at(620, done("response.refusal.done", "refusal", WORD.repeat(20), MESSAGE_PLACE), completed(usageOf(20, 0))),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...ENVELOPE_FIRSTS, ...TWENTY_WORDS },
  }),
  ...TOOLS.map(({ name, type, events, item, member }) =>
    define({
      name: `responses-${name}`,
      title: `Only a call (${type}): its name is the first token, and there is no answer token.`,
      writes: [
        at(100, CREATED),
        // 11 bytes of name, then 9 pieces of 8 bytes.
        at(200, itemAdded({ ...item, status: "in_progress", [member]: "" })),
        ...every(20, 220, 9, () => delta(`${events}.delta`, '{"a":1} ', TOOL_PLACE)),
        at(
          420,
          done(`${events}.done`, member, '{"a":1} '.repeat(9), TOOL_PLACE),
          itemDone({ ...item, status: "completed", [member]: '{"a":1} '.repeat(9) }),
          completed(usageOf(24, 0)),
        ),
      ],
      end: { kind: "end", atMs: 420 },
      truth: {
        ...REPORTED,
        firstChunkSeconds: 0.1,
        ttftSeconds: 0.2,
        firstToolCallSeconds: 0.2,
        // 24 tokens in 10 chunks: the first holds round(24 x 11 / 83) = 3. (24 - 3) / (0.38 - 0.2)
        generationRateTokensPerSecond: 21 / 0.18,
        durationSeconds: 0.42,
        outputTokens: 24,
      },
    }),
  ),
  define({
    name: "responses-empty",
    title: "A complete answer without any output: no first token, and 0 tokens because the provider says 0.",
    writes: [at(100, CREATED), at(300, completed(usageOf(0, 0)))],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.1, durationSeconds: 0.3, outputTokens: 0 },
  }),
];

const ENDINGS: readonly Scenario[] = [
  define({
    name: "responses-content-filter",
    title: "The provider stops for its content filter: a normal end.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 5, () => text(WORD)),
      at(320, incomplete("content_filter", usageOf(5, 0))),
    ],
    end: { kind: "end", atMs: 320 },
    // (5 - 1) / (0.28 - 0.2)
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.32,
      outputTokens: 5,
    },
  }),
  define({
    name: "responses-failed",
    title: "The response fails in the middle of the answer.",
    writes: [at(100, OPEN), ...every(20, 200, 8, () => text(WORD)), at(400, failed("server_error"))],
    end: { kind: "end", atMs: 400 },
    truth: {
      outcome: "error",
      errorType: "server_error",
      ...ENVELOPE_FIRSTS,
      // ceil(8 x 5 / 4) = 10 in 8 chunks (1.25 each: the first holds 1). (10 - 1) / (0.34 - 0.2)
      generationRateTokensPerSecond: 9 / 0.14,
      durationSeconds: 0.4,
      outputTokens: 10,
      estimated: true,
      stallCount: 0,
    },
  }),
  define({
    name: "responses-stream-answered-with-json",
    title: "A stream was asked for and a JSON body came: measured as what it is.",
    headers: JSON_HEADERS,
    writes: [at(500, whole(WORD.repeat(20), usageOf(20, 0)))],
    end: { kind: "end", atMs: 500 },
    truth: { ...REPORTED, durationSeconds: 0.5, outputTokens: 20 },
  }),
  httpFailure(define, {
    name: "responses-http-400",
    title: "Status 400: the request was wrong.",
    status: 400,
    errorType: "invalid_request",
    body: refused({ type: "invalid_request_error", code: "invalid_value" }),
  }),
  httpFailure(define, {
    name: "responses-http-500",
    title: "Status 500: the server failed.",
    status: 500,
    errorType: "server_error",
    body: refused({ type: "server_error", code: null }),
  }),
];

const FRAMING_TRUTH = {
  ...REPORTED,
  ...ENVELOPE_FIRSTS,
  ...TWENTY_WORDS,
} as const;

const FRAMING: readonly Scenario[] = [
  define({
    name: "responses-comments",
    title: "Comments between the events: they are no chunks and change nothing.",
    writes: [
      at(50, ": queued\n\n"),
      at(100, OPEN),
      ...every(20, 200, 20, () => text(WORD)).flatMap((write) => [write, at(write.atMs + 10, ": keep-alive\n\n")]),
      at(620, close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: FRAMING_TRUTH,
  }),
  define({
    name: "responses-odd-framing",
    title: "Byte order mark, CRLF, no space after the colon, frames cut in two writes.",
    writes: oddSse([
      at(100, OPEN),
      ...every(20, 200, 20, () => text(WORD)),
      at(620, close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) })),
    ]),
    end: { kind: "end", atMs: 620 },
    truth: FRAMING_TRUTH,
  }),
];

/** Every scenario of the format. */
export const RESPONSES: readonly Scenario[] = [
  ...commonScenarios(DIALECT).map((scenario) => ({ ...scenario, writes: numbered(scenario.writes) })),
  ...OUTPUT,
  ...REASONING,
  ...ENDINGS,
  ...FRAMING,
];
