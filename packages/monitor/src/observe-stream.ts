import type { Attributes } from "./backend/backend.ts";
import { warnOnce } from "./diagnostics.ts";
import { followResult } from "./follow/follow-result.ts";
import { givenOptions } from "./given-options.ts";
import { manager } from "./manager.ts";
import { openRecording, type CallToObserve } from "./observe-call.ts";
import { UNKNOWN } from "./recording/span-attributes.ts";
import type { Classify } from "./follow/stream-observer.ts";

/** What is known of the call that a stream answers. */
export interface ObserveOptions {
  /** As requested; default `unknown`. */
  readonly model?: string;
  /** Default `llm_completion`. */
  readonly operation?: string;
  /** Value of the `provider` label; default `unknown`. */
  readonly provider?: string;
  readonly attributes?: Attributes;
  /** Default: the configuration. */
  readonly tokenTape?: boolean;
  /** Reads elements of a shape we do not know. */
  readonly classify?: Classify;
  /**
   * `performance.now()` just before the request was sent. Default: now, which leaves what went before out of the time to
   * the first token.
   */
  readonly startedAtMs?: number;
}

function callOf(options: ObserveOptions): CallToObserve {
  const { model, operation = "llm_completion", provider = UNKNOWN, attributes, ...more } = givenOptions(options);
  const call = { model: model || UNKNOWN, operation, provider, streaming: true, clockSource: "iterator" } as const;
  const { startedAtMs: atMs, tokenTape, classify } = more;
  const began = typeof atMs === "number" && Number.isFinite(atMs) && atMs <= performance.now();
  return {
    call: attributes === undefined ? call : { ...call, attributes },
    ...(tokenTape !== undefined && { tokenTape }),
    ...(classify !== undefined && { classify }),
    ...(began && { atMs }),
  };
}

/**
 * Observes a stream that is already there as one call: iterators, async iterables, streams of client libraries and web
 * streams, to their end. The same object back, except for a `ReadableStream`, for which a wrapping one is returned.
 * @example
 * const startedAtMs = performance.now();
 * const stream = observeStream(await ask(question), { model: "gpt-4o", provider: "openai", startedAtMs });
 */
export function observeStream<S extends object>(stream: S, options: ObserveOptions): S {
  const runtime = manager.runtime();
  if (runtime === undefined) return stream;
  const given: unknown = stream;
  if (typeof given !== "object" || given === null) {
    warnOnce("observeStream was given something that is no object; it is left as it was");
    return stream;
  }
  manager.addSite("stream");
  const wanted = callOf(options);
  const recording = openRecording(runtime, wanted);
  if (recording === undefined) return stream;
  const inside = <R>(work: () => R): R => runtime.inside(recording, work);
  const call = { sink: recording, watch: runtime.watch, classify: wanted.classify, inside };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same object, or a web stream of the same chunks
  return followResult(stream, call) as S;
}
