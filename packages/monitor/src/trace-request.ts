import type { Attributes } from "./backend/backend.ts";
import { manager } from "./manager.ts";
import { observeCall, openRecording } from "./observe-call.ts";
import type { LlmCall } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import { UNKNOWN } from "./span-attributes.ts";
import { RecordingTracker, type TokenTracker } from "./token-tracker.ts";

/** One request traced by hand: a token tracker with its span. */
export interface LlmRequest extends TokenTracker {
  /** Runs `fn` with this request's span active. */
  run<T>(fn: () => T): T;
  addEvent(name: string, attributes?: Attributes): void;
  setAttributes(attributes: Attributes): void;
}

class TracedRequest extends RecordingTracker implements LlmRequest, AsyncDisposable {
  readonly #runtime: Runtime | undefined;

  constructor(runtime: Runtime | undefined, recording: RecordingTracker["recording"]) {
    super(recording, true);
    this.#runtime = runtime;
  }

  run<T>(fn: () => T): T {
    const { recording } = this;
    if (this.#runtime === undefined || recording === undefined) return fn();
    return this.#runtime.started.backend.withSpan(recording.span, fn, recording);
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.recording?.span.addEvent(name, attributes);
  }

  setAttributes(attributes: Attributes): void {
    this.recording?.span.setAttributes(attributes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

function callOf(operation: string, model: string, attributes: Attributes | undefined): LlmCall {
  const call = { provider: UNKNOWN, model, operation, streaming: false, clockSource: "iterator" } as const;
  return attributes === undefined ? call : { ...call, attributes };
}

/**
 * Traces one request. With a function: its result is followed like that of a wrapped function, streams included, unless
 * the block ended the request itself. Without: a disposable for `using`; `recordCompletion()` is its last statement, and
 * its span becomes active inside `run` only.
 *
 * @example
 * const answer = await traceLlmRequest("chat", "gpt-4o", async (request) => {
 *   for await (const text of stream) request.recordToken(text);
 *   request.recordCompletion({ outputTokens: 20 });
 * });
 */
export function traceLlmRequest<T>(operation: string, model: string, run: (request: LlmRequest) => T): T;
export function traceLlmRequest<T>(
  operation: string,
  model: string,
  attributes: Attributes,
  run: (request: LlmRequest) => T,
): T;
export function traceLlmRequest(
  operation: string,
  model: string,
  attributes?: Attributes,
): LlmRequest & AsyncDisposable;
export function traceLlmRequest<T>(
  operation: string,
  model: string,
  third?: Attributes | ((request: LlmRequest) => T),
  fourth?: (request: LlmRequest) => T,
): T | (LlmRequest & AsyncDisposable) {
  const run = typeof third === "function" ? third : fourth;
  const call = callOf(operation, model, typeof third === "function" ? undefined : third);
  const runtime = manager.runtime();
  if (run === undefined) return new TracedRequest(runtime, runtime && openRecording(runtime, call));
  if (runtime === undefined) return run(new TracedRequest(undefined, undefined));
  return observeCall(runtime, { call, classify: undefined, endsByHand: (recording) => recording.ended }, (recording) =>
    run(new TracedRequest(runtime, recording)),
  ) as T;
}
