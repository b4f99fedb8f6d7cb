/** Makes the HTTP requests of one client instance visible to the call they belong to. */
import type { CallAttempts } from "./call-attempts.ts";
import { safeProperty } from "../redact.ts";

/** A function in the shape of `fetch`. */
export type FetchLike = (this: unknown, input: unknown, init?: unknown, ...more: unknown[]) => Promise<unknown>;

/** Ties a request to its call. A symbol: no client serialises it, no transport reads it. */
const LINK = Symbol("nexent.call");

type Linked = object & { [LINK]?: CallAttempts };

function isObject(value: unknown): value is Linked {
  return typeof value === "object" && value !== null;
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return typeof safeProperty(value, "then") === "function";
}

/** Request options with the call in them; the caller's own object stays untouched. Some clients take a promise of them. */
export function linkOptions(options: unknown, attempts: CallAttempts): object {
  if (!isObject(options)) return { [LINK]: attempts };
  if (isThenable(options)) return Promise.resolve(options).then((settled) => linkOptions(settled, attempts));
  return { ...options, [LINK]: attempts };
}

/** Hands the call on from request options to the request made of them. */
export function passLink(options: unknown, init: unknown): void {
  if (isObject(options) && isObject(init) && options[LINK] !== undefined) init[LINK] = options[LINK];
}

/** Requests that are under way for a call that is observed; a `fetch` of ours further down leaves them alone. */
const attempted = new WeakSet<object>();

/** Whether a request is an attempt of an observed call. */
export function isLinked(init: unknown): boolean {
  return isObject(init) && attempted.has(init);
}

/** The call of a request, if it has one; the transport gets the request without it. */
function takeLink(init: unknown): CallAttempts | undefined {
  if (!isObject(init)) return undefined;
  const attempts = init[LINK];
  if (attempts === undefined) return undefined;
  delete init[LINK];
  return attempts;
}

async function sent(answer: Promise<unknown>, attempts: CallAttempts): Promise<unknown> {
  try {
    const response = await answer;
    attempts.answered(response);
    return response;
  } catch (error) {
    attempts.failed(error);
    throw error;
  }
}

/** `base`, every request of which is an attempt of one call. Same settlement, same errors, same bytes. */
export function tellAttempts(base: FetchLike, attempts: CallAttempts): FetchLike {
  return function fetch(...args) {
    if (isObject(args[1])) attempted.add(args[1]);
    attempts.begin(args[0]);
    let answer: Promise<unknown>;
    try {
      answer = base.apply(this, args);
    } catch (error) {
      attempts.failed(error);
      throw error;
    }
    return sent(answer, attempts);
  };
}

const hooked = new WeakSet<FetchLike>();

/** `base`, with the requests of observed calls told to their call. */
export function hookFetch(base: FetchLike): FetchLike {
  if (hooked.has(base)) return base;
  const hook: FetchLike = function fetch(...args) {
    const attempts = takeLink(args[1]);
    return (attempts === undefined ? base : tellAttempts(base, attempts)).apply(this, args);
  };
  hooked.add(hook);
  return hook;
}

export function isFetch(value: unknown): value is FetchLike {
  return typeof value === "function";
}
