/** Calls of a client's method, each with its recording and its HTTP requests. */
import { CallAttempts } from "./call-attempts.ts";
import { manager } from "../manager.ts";
import { observeCall, type CallToObserve } from "../observe-call.ts";
import type { Method } from "./instance.ts";

/** What the arguments of a call ask for; undefined leaves the call alone. May throw on odd arguments. */
export type Describe = (args: readonly unknown[]) => CallToObserve | undefined;

/** Makes the call in a way that its HTTP requests are told to `attempts`. */
export type Ask = (self: unknown, args: readonly unknown[], attempts: CallAttempts) => unknown;

function described(describe: Describe, args: readonly unknown[]): CallToObserve | undefined {
  try {
    return describe(args);
  } catch {
    // The request cannot even be looked at; the client will say what is wrong with it.
    return undefined;
  }
}

/** `original`, every call of which is observed while monitoring is on. */
export function observeMethod(original: Method, describe: Describe, ask: Ask): Method {
  return function observed(...args) {
    const runtime = manager.runtime();
    const wanted = runtime && described(describe, args);
    if (runtime === undefined || wanted === undefined) return original.apply(this, args);
    return observeCall(runtime, wanted, (recording) =>
      recording === undefined
        ? original.apply(this, args)
        : ask(this, args, new CallAttempts(recording, wanted.askedStream)),
    );
  };
}
