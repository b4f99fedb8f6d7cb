/** The lazy promise of the OpenAI and Anthropic clients. Subscribing to it for the caller would read the body twice. */
import { followResponse, isResponse } from "./follow-response.ts";
import type { Followed } from "./followed.ts";
import { safeProperty } from "../redact.ts";
import { endOfThrown } from "../recording/thrown-error.ts";
import { UnreadResult } from "./unread-result.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;

/** The seams of the promise that can be replaced on the instance. */
interface ApiPromise {
  parseResponse: Method;
  asResponse?: Method;
  _thenUnwrap?: Method;
  readonly responsePromise: Promise<unknown>;
}

export function isApiPromise(value: {
  readonly parseResponse?: unknown;
  readonly responsePromise?: unknown;
}): value is ApiPromise {
  return typeof value.parseResponse === "function" && value.responsePromise instanceof Promise;
}

type Follow = (value: unknown) => unknown;

/** Watches the promise without reading it: the same object, whose own parsing tells us the result. */
export function followApiPromise(promise: ApiPromise, call: Followed, follow: Follow): object {
  const unread = new UnreadResult(call);
  const failed = (error: unknown): void => {
    unread.taken();
    call.sink.end(endOfThrown(error, "call", call.callerSignal));
  };
  const answered = (): void => {
    call.sink.clock.markFirstByte(call.sink.micros(performance.now()));
    // The client keeps what waits for the result here: parsing it is then sure to come.
    if (safeProperty(promise, "parsedPromise") !== undefined) return;
    // Whoever waits past it takes the result as soon as it is answered; only what is left then needs to be watched.
    void Promise.resolve().then(() => unread.watch(promise));
  };
  if (!patchPromise(promise, call, { follow, failed, taken: () => unread.taken() })) {
    unread.taken();
    call.sink.end({ outcome: "ok" });
    return promise;
  }
  // The request is already under way: its failure is known here even if nobody ever awaits the result.
  void promise.responsePromise.then(answered, failed);
  return promise;
}

interface Hooks {
  readonly follow: Follow;
  readonly failed: (error: unknown) => void;
  readonly taken: (promise?: object) => void;
}

/** False when the object is frozen. `withResponse` parses and asks for the response: parsing then owns the end. */
function patchPromise(promise: ApiPromise, call: Followed, hooks: Hooks): boolean {
  const { parseResponse, asResponse } = promise;
  let parsed = false;
  const failed = (error: unknown): never => {
    hooks.failed(error);
    throw error;
  };
  // Not an async function: it would put three promises between the client and its caller, this is one.
  const parse: Method = function parse(...values) {
    parsed = true;
    // Who waits holds this function only (openai 4); through it they must hold the promise, or it would count as dropped.
    hooks.taken(promise);
    try {
      return Promise.resolve(parseResponse.apply(this, values)).then(hooks.follow, failed);
    } catch (error) {
      return failed(error);
    }
  };
  if (!Reflect.set(promise, "parseResponse", parse)) return false;
  if (asResponse !== undefined) {
    const raw: Method = async function raw(...values) {
      const response = await asResponse.apply(this, values);
      if (parsed || typeof response !== "object" || response === null || !isResponse(response)) return response;
      hooks.taken();
      return followResponse(response, call);
    };
    Reflect.set(promise, "asResponse", raw);
  }
  patchUnwrap(promise, call, hooks);
  return true;
}

/** Clients that close over their parser derive promises here, past the `parseResponse` of the instance. */
function patchUnwrap(promise: ApiPromise, call: Followed, hooks: Hooks): void {
  const unwrap = promise._thenUnwrap;
  if (unwrap === undefined || !Object.hasOwn(promise, "_thenUnwrap")) return;
  const derive: Method = function derive(...values) {
    const derived = unwrap.apply(this, values);
    hooks.taken();
    if (typeof derived === "object" && derived !== null && isApiPromise(derived)) patchPromise(derived, call, hooks);
    return derived;
  };
  Reflect.set(promise, "_thenUnwrap", derive);
}
