import { ATTR } from "@nexent/monitor-core";
import type { Attributes } from "./backend/backend.ts";
import { manager } from "./manager.ts";
import { joinOrOpen, observeRun, type Belonging } from "./observe-call.ts";
import type { LlmCall } from "./recording/recording.ts";
import { safeProperty } from "./redact.ts";
import type { Runtime } from "./runtime.ts";
import { UNKNOWN } from "./recording/span-attributes.ts";
import { SinkTracker, type TokenTracker } from "./token-tracker.ts";

/** One request traced by hand: a token tracker with its span. */
export interface LlmRequest extends TokenTracker {
  /** Runs `fn` with this request's span active. */
  run<T>(fn: () => T): T;
  addEvent(name: string, attributes?: Attributes): void;
  setAttributes(attributes: Attributes): void;
}

class TracedRequest extends SinkTracker implements LlmRequest, AsyncDisposable {
  readonly #runtime: Runtime | undefined;
  readonly #belonging: Belonging | undefined;

  constructor(runtime?: Runtime, belonging?: Belonging) {
    super(belonging?.sink);
    this.#runtime = runtime;
    this.#belonging = belonging;
  }

  run<T>(fn: () => T): T {
    if (this.#runtime === undefined || this.#belonging === undefined) return fn();
    return this.#runtime.inside(this.#belonging.recording, fn);
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.sink?.span.addEvent(name, attributes);
  }

  setAttributes(attributes: Attributes): void {
    this.sink?.span.setAttributes(attributes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

/** The provider is taken from the attributes, where one may be named. */
function callOf(operation: string, model: string, attributes: Attributes | undefined): LlmCall {
  const named = safeProperty(attributes, ATTR.genAiProviderName);
  const provider = typeof named === "string" && named !== "" ? named : UNKNOWN;
  const call = { provider, model: model || UNKNOWN, operation, streaming: false, clockSource: "iterator" } as const;
  return attributes === undefined ? call : { ...call, attributes };
}

type Run<T> = (request: LlmRequest) => T;

function traceBlock<T>(runtime: Runtime, belonging: Belonging, run: Run<T>): T {
  const request = new TracedRequest(runtime, belonging);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is followed is handed back: the same value, or a promise or web stream of the same type
  return observeRun(runtime, belonging, {}, () => run(request)) as T;
}

/**
 * Traces one request. With a function: its span is active inside, and its result is followed like that of a wrapped
 * function, streams included, unless the block ended the request itself. Without: a disposable for `using`;
 * `recordCompletion()` is its last statement, and its span becomes active inside `run` only.
 *
 * @example
 * await traceLlmRequest("chat", "gpt-4o", async (request) => {
 *   for await (const text of stream) request.recordToken(text);
 *   request.recordCompletion({ outputTokens: 20 });
 * });
 */
export function traceLlmRequest<T>(operation: string, model: string, run: Run<T>): T;
export function traceLlmRequest<T>(operation: string, model: string, attributes: Attributes, run: Run<T>): T;
export function traceLlmRequest(
  operation: string,
  model: string,
  attributes?: Attributes,
): LlmRequest & AsyncDisposable;
export function traceLlmRequest<T>(
  operation: string,
  model: string,
  third?: Attributes | Run<T>,
  fourth?: Run<T>,
): T | (LlmRequest & AsyncDisposable) {
  const run = typeof third === "function" ? third : fourth;
  const runtime = manager.runtime();
  if (runtime !== undefined) manager.addSite("block");
  const call = callOf(operation, model, typeof third === "function" ? undefined : third);
  const belonging = runtime && joinOrOpen(runtime, { call });
  if (run === undefined) return new TracedRequest(runtime, belonging);
  if (runtime === undefined || belonging === undefined) return run(new TracedRequest());
  return traceBlock(runtime, belonging, run);
}
