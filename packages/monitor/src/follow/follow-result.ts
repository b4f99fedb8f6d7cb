/** What a call returned decides how it is watched (SDK contract 4). The caller gets what the callee returned. */
import { endAnswer } from "./end-answer.ts";
import { followApiPromise, isApiPromise } from "./follow-api-promise.ts";
import { followClientStream, followIterable, followIterator, isClientStream } from "./follow-stream.ts";
import type { Followed } from "./followed.ts";
import { followRunner, isStreamRunner } from "./follow-runner.ts";
import { followNodeStream, isNodeStream } from "./follow-node-stream.ts";
import { followResponse, isResponse } from "./follow-response.ts";
import { followThenable } from "./follow-thenable.ts";
import { wrapReadable } from "./follow-readable.ts";
import { StreamObserver } from "./stream-observer.ts";
import { endOfThrown } from "../recording/thrown-error.ts";

/** Follows a result to its end. Returns the same value, except for native promises and web streams. */
export function followResult(value: unknown, call: Followed): unknown {
  try {
    return typeof value === "object" && value !== null ? followObject(value, call) : endPlain(value, call);
  } catch {
    // A hostile object (throwing getter, revoked proxy): nothing can be watched, the host gets it untouched.
    call.sink.end({ outcome: "ok" });
    return value;
  }
}

/** What tells kinds of results apart. Plain reads: the engine remembers where it found them, as it cannot for `Reflect`. */
interface Members {
  readonly then?: unknown;
  readonly next?: unknown;
  readonly [Symbol.iterator]?: unknown;
  readonly [Symbol.asyncIterator]?: unknown;
}

function followObject(value: object, call: Followed): unknown {
  const members: Members = value;
  const again = (settled: unknown): unknown => followResult(settled, call);
  if (isApiPromise(value)) return followApiPromise(value, call, again);
  if (value instanceof Promise && value.constructor === Promise) return followPromise(value, call);
  if (typeof members.then === "function") return followThenable(value, call, again);
  if (value instanceof ReadableStream) return wrapReadable(value, new StreamObserver(call, value));
  if (isResponse(value)) return followResponse(value, call);
  if (isClientStream(value)) return followClientStream(value, call);
  if (isStreamRunner(value)) return followRunner(value, call);
  if (isNodeStream(value)) return followNodeStream(value, call);
  const isAsync = typeof members[Symbol.asyncIterator] === "function";
  const iterates = isAsync || typeof members[Symbol.iterator] === "function";
  if (iterates && typeof members.next === "function") return followIterator(value, call);
  return isAsync ? followIterable(value, call) : endPlain(value, call);
}

/** A value that is no stream: the call is over. */
function endPlain(value: unknown, call: Followed): unknown {
  endAnswer(value, call);
  return value;
}

function followPromise(promise: Promise<unknown>, call: Followed): Promise<unknown> {
  return promise.then(
    (value) => followResult(value, call),
    (error: unknown) => {
      call.sink.end(endOfThrown(error, "call", call.callerSignal));
      throw error;
    },
  );
}
