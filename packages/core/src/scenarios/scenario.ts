import type { ErrorType, Outcome } from "../model/outcome.ts";

/** One write of the exact-schedule server: bytes (as text) at a time after the request arrived. */
export interface ScheduledWrite {
  readonly atMs: number;
  readonly text: string;
}

/** How the answer ends after the last write. */
export type ScenarioEnd =
  /** End of body at `atMs`. */
  | { readonly kind: "end"; readonly atMs: number }
  /** Connection reset at `atMs`. */
  | { readonly kind: "reset"; readonly atMs: number }
  /** The server stays silent until the client goes away. */
  | { readonly kind: "hang" };

/** What the client of the scenario does besides reading to the end. */
export type ScenarioClient =
  | { readonly kind: "read" }
  /** Leaves (break, abort, disconnect) after this many counted chunks were seen. */
  | { readonly kind: "break"; readonly afterCountedChunks: number }
  | { readonly kind: "abort"; readonly atMs: number }
  /** Takes the stream and never reads it. SDK only. */
  | { readonly kind: "never_read" };

/** What a request gets instead of the answer. */
export interface ScenarioRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly atMs: number;
}

/** The right answer. An absent number means: must be absent (unknown), never 0. */
export interface ScenarioTruth {
  readonly outcome: Outcome;
  readonly errorType?: ErrorType;
  readonly firstChunkSeconds?: number;
  readonly ttftSeconds?: number;
  readonly firstAnswerTokenSeconds?: number;
  readonly firstToolCallSeconds?: number;
  readonly generationRateTokensPerSecond?: number;
  readonly durationSeconds?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** The output tokens are an estimate and labelled so. */
  readonly estimated: boolean;
  readonly stallCount: number;
}

/** Wire formats, by the id of their provider. */
export type ScenarioFormat =
  | "openai-chat"
  | "openai-completions"
  | "openai-responses"
  | "anthropic-messages"
  | "gemini"
  | "ollama";

/** One stream shape with known times and its right answer; pure data, usable by any SDK's test. */
export interface Scenario {
  /** Kebab-case, stable; also the model name that makes the exact-schedule server play it (`scenario/<name>`). */
  readonly name: string;
  /** One sentence: the edge case it stands for (measurement contract 2). */
  readonly title: string;
  readonly format: ScenarioFormat;
  /** Path of the request where it is not the usual one of the format, e.g. `/api/generate`. */
  readonly path?: string;
  /** Whether the request asks for a stream. */
  readonly stream: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly writes: readonly ScheduledWrite[];
  readonly end: ScenarioEnd;
  readonly client: ScenarioClient;
  /**
   * What the first requests of the call get, one each; the client asks again. All marks of the truth count from the last
   * request; how long the whole call takes is the client's affair.
   */
  readonly refusals?: readonly ScenarioRefusal[];
  /** Whether the request asks for usage itself (`stream_options.include_usage`); the OpenAI chat formats only. */
  readonly includeUsage: boolean;
  readonly truth: ScenarioTruth;
  /** Where it makes sense; `gateway` cannot show "never read", and only client libraries ask again by themselves. */
  readonly targets: readonly ("gateway" | "sdk")[];
}

/** Whether the answer comes piece by piece: server-sent events, lines of JSON, or the elements of Gemini's array. */
export function answersWithStream({ format, stream, status, headers }: Scenario): boolean {
  const type = headers["content-type"] ?? "";
  if (type.startsWith("text/event-stream") || type.startsWith("application/x-ndjson")) return true;
  return format === "gemini" && stream && status < 400;
}
