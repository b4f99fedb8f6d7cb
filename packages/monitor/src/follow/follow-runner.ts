/**
 * What the `.stream()` helpers of the OpenAI and Anthropic clients return: it reads the answer by itself and tells it
 * in events. The same object back; its `_emit` is heard.
 */
import { safeProperty } from "../redact.ts";
import type { Followed } from "./followed.ts";
import { StreamObserver } from "./stream-observer.ts";

type Emit = (this: unknown, ...values: unknown[]) => unknown;

interface StreamRunner {
  _emit: Emit;
}

/** The event that carries the chunks of the wire format, by helper. */
const CHUNK_EVENTS = new Set<unknown>(["chunk", "streamEvent", "event"]);

export function isStreamRunner(value: object): value is StreamRunner {
  return (
    typeof Reflect.get(value, "_emit") === "function" &&
    typeof Reflect.get(value, "abort") === "function" &&
    safeProperty(safeProperty(value, "controller"), "signal") instanceof AbortSignal
  );
}

export function followRunner(runner: StreamRunner, call: Followed): object {
  const observer = new StreamObserver(call, runner);
  // Nobody has to ask: it reads as fast as it can.
  observer.asked();
  const emit = runner._emit;
  const hear = (event: unknown, value: unknown): void => {
    if (CHUNK_EVENTS.has(event)) {
      observer.element(value);
      observer.asked();
    } else if (event === "error" || event === "abort") observer.threw(value);
    else if (event === "end") observer.done();
  };
  const heard: Emit = function heard(...values) {
    hear(values[0], values[1]);
    return emit.apply(this, values);
  };
  if (!Reflect.set(runner, "_emit", heard)) observer.giveUp();
  return runner;
}
