import { UnreadResult } from "./unread-result.ts";
import type { Followed } from "./followed.ts";
import { endOfThrown } from "../recording/thrown-error.ts";

type Then = (ok: (value: unknown) => void, bad: (error: unknown) => void) => unknown;

function isThen(value: unknown): value is Then {
  return typeof value === "function";
}

/**
 * A promise that is none of the engine's (query builders, promise subclasses): the same object, with a `then` of its own.
 * Nothing is subscribed before the caller does, because for some of them that is what starts the work.
 */
export function followThenable(thenable: object, call: Followed, follow: (value: unknown) => unknown): object {
  const original: unknown = Reflect.get(thenable, "then");
  if (!isThen(original)) return thenable;
  const unread = new UnreadResult(call, thenable);
  let settled: Promise<unknown> | undefined;
  const start = (): Promise<unknown> => {
    unread.taken();
    const inner = new Promise<unknown>((resolve, reject) => {
      original.call(thenable, resolve, reject);
    });
    return inner.then(follow, (error: unknown) => {
      call.sink.end(endOfThrown(error, "call", call.callerSignal));
      throw error;
    });
  };
  const then = (ok?: (value: unknown) => unknown, bad?: (error: unknown) => unknown): Promise<unknown> =>
    (settled ??= start()).then(ok, bad);
  // oxlint-disable-next-line unicorn/no-thenable -- it is one already
  if (!Reflect.defineProperty(thenable, "then", { value: then, configurable: true, writable: true })) {
    unread.taken();
    call.sink.end({ outcome: "ok" });
  }
  return thenable;
}
