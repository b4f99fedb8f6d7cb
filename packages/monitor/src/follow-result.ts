/** What a call returned decides how it is watched (SDK contract 4). The caller gets what the callee returned. */
import { errorTypeOfStatus, providerByFormat } from "@nexent/monitor-core";
import { patchIterator } from "./follow-iterator.ts";
import { wrapReadable } from "./follow-readable.ts";
import type { IdleSweep } from "./idle-sweep.ts";
import type { Recording } from "./recording.ts";
import { signalOf, StreamObserver, type Classify } from "./stream-observer.ts";
import { endOfThrown } from "./thrown-error.ts";

/** One observed call whose result is followed. */
export interface Followed {
  readonly recording: Recording;
  readonly idle: IdleSweep;
  readonly classify: Classify | undefined;
  /** Runs something in the call's own context. */
  readonly inside: <T>(run: () => T) => T;
}

type Thenable = PromiseLike<unknown> & object;

function isFunction(value: unknown): value is (...values: unknown[]) => unknown {
  return typeof value === "function";
}

/** Follows a result to its end. Returns the same value, except for native promises and web streams. */
export function followResult(value: unknown, call: Followed): unknown {
  if (typeof value !== "object" || value === null) return endPlain(value, call);
  try {
    return followObject(value, call);
  } catch {
    // A hostile object (throwing getter, revoked proxy): nothing can be watched, the host gets it untouched.
    call.recording.end({ outcome: "ok" });
    return value;
  }
}

function followObject(value: object, call: Followed): unknown {
  if (isApiPromise(value)) return followApiPromise(value, call);
  if (value instanceof Promise) return followPromise(value, call);
  if (isFunction(Reflect.get(value, "then"))) return followThenable(value as Thenable, call);
  if (value instanceof ReadableStream) return wrapReadable(value, observerOf(value, call));
  if (value instanceof Response) return endResponse(value, call);
  if (isFunction(Reflect.get(value, "iterator")) && Reflect.get(value, "controller") instanceof AbortController) {
    return followClientStream(value, call);
  }
  const iterates =
    isFunction(Reflect.get(value, Symbol.asyncIterator)) || isFunction(Reflect.get(value, Symbol.iterator));
  if (iterates && isFunction(Reflect.get(value, "next"))) return followIterator(value, call);
  if (isFunction(Reflect.get(value, Symbol.asyncIterator))) return followIterable(value, call);
  return endPlain(value, call);
}

function observerOf(stream: object, call: Followed): StreamObserver {
  // The observer must not hold the stream, or it could never be collected.
  const reference = new WeakRef(stream);
  const observer = new StreamObserver({
    recording: call.recording,
    idle: call.idle,
    classify: call.classify,
    signal: () => {
      const alive = reference.deref();
      return alive === undefined ? undefined : signalOf(alive);
    },
  });
  observer.collectWith(stream);
  return observer;
}

/** A value that is no stream: the call is over; usage is read when the value has it. */
function endPlain(value: unknown, call: Followed): unknown {
  const { recording } = call;
  const reading = typeof value === "object" ? safeReading(value) : undefined;
  if (reading?.usage !== undefined) recording.clock.recordUsage(reading.usage);
  recording.end({ outcome: "ok" });
  return value;
}

function safeReading(value: unknown) {
  try {
    return providerByFormat("openai-chat")?.readResponse(value);
  } catch {
    // A getter of the host's object threw: then we do not know its usage.
    return undefined;
  }
}

function endResponse(response: Response, { recording }: Followed): Response {
  const { status } = response;
  if (status >= 400) recording.end({ outcome: "error", errorType: errorTypeOfStatus(status), httpStatus: status });
  else recording.end({ outcome: "ok", httpStatus: status });
  return response;
}

function followPromise(promise: Promise<unknown>, call: Followed): Promise<unknown> {
  return promise.then(
    (value) => followResult(value, call),
    (error: unknown) => {
      call.recording.end(endOfThrown(error, "call"));
      throw error;
    },
  );
}

function followThenable(thenable: Thenable, call: Followed): object {
  const then = thenable.then.bind(thenable) as Thenable["then"];
  let settled: Promise<unknown> | undefined;
  const shared = (): Promise<unknown> =>
    (settled ??= followPromise(new Promise((resolve, reject) => void then(resolve, reject)), call));
  const patched = Reflect.defineProperty(thenable, "then", {
    value: (ok?: (value: unknown) => unknown, bad?: (error: unknown) => unknown) => shared().then(ok, bad),
    configurable: true,
    writable: true,
  });
  if (!patched) call.recording.end({ outcome: "ok" });
  return thenable;
}

/** The lazy promise of the OpenAI and Anthropic clients: subscribing to it for the caller would read the body twice. */
function isApiPromise(value: object): boolean {
  return isFunction(Reflect.get(value, "parseResponse")) && Reflect.get(value, "responsePromise") instanceof Promise;
}

function followApiPromise(promise: object, call: Followed): object {
  const parse = Reflect.get(promise, "parseResponse") as (...values: unknown[]) => unknown;
  const asResponse = Reflect.get(promise, "asResponse");
  const failed = (error: unknown): void => {
    call.recording.end(endOfThrown(error, "call"));
  };
  Reflect.set(promise, "parseResponse", async (...values: unknown[]) => {
    try {
      return followResult(await parse.apply(promise, values), call);
    } catch (error) {
      failed(error);
      throw error;
    }
  });
  if (isFunction(asResponse)) {
    Reflect.set(promise, "asResponse", async () => {
      const response = await asResponse.call(promise);
      // The caller reads the raw body itself: the call is known up to its headers.
      return response instanceof Response ? endResponse(response, call) : response;
    });
  }
  // The request is already under way: its failure is known here even if nobody ever awaits the result.
  (Reflect.get(promise, "responsePromise") as Promise<unknown>).then(undefined, failed);
  return promise;
}

function followClientStream(stream: object, call: Followed): object {
  const iterator = Reflect.get(stream, "iterator") as (...values: unknown[]) => object;
  const observer = observerOf(stream, call);
  const patched = Reflect.set(stream, "iterator", function observed(this: unknown, ...values: unknown[]) {
    const inner = iterator.apply(this ?? stream, values);
    patchIterator(inner, observer);
    return inner;
  });
  if (!patched) call.recording.end({ outcome: "ok" });
  return stream;
}

function followIterator(iterator: object, call: Followed): object {
  if (!patchIterator(iterator, observerOf(iterator, call), call.inside)) call.recording.end({ outcome: "ok" });
  return iterator;
}

function followIterable(iterable: object, call: Followed): object {
  const open = Reflect.get(iterable, Symbol.asyncIterator) as () => object;
  const observer = observerOf(iterable, call);
  const patched = Reflect.defineProperty(iterable, Symbol.asyncIterator, {
    value: () => {
      const iterator = open.call(iterable);
      patchIterator(iterator, observer);
      return iterator;
    },
    configurable: true,
    writable: true,
  });
  if (!patched) call.recording.end({ outcome: "ok" });
  return iterable;
}
