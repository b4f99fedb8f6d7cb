/** Makes the HTTP requests of one client instance visible to the call they belong to. */
import type { CallAttempts } from "../call-attempts.ts";
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
  attempted.add(init);
  return attempts;
}

const HOOKED = new WeakSet<FetchLike>();

/** `base`, with the requests of observed calls told to their call. Same promise settlement, same errors, same bytes. */
export function hookFetch(base: FetchLike): FetchLike {
  if (HOOKED.has(base)) return base;
  const hooked: FetchLike = function fetch(...args) {
    const attempts = takeLink(args[1]);
    if (attempts === undefined) return base.apply(this, args);
    attempts.begin(args[0]);
    let answer: Promise<unknown>;
    try {
      answer = base.apply(this, args);
    } catch (error) {
      attempts.failed(error);
      throw error;
    }
    return answer.then(
      (response) => {
        attempts.answered(response);
        return response;
      },
      (error: unknown) => {
        attempts.failed(error);
        throw error;
      },
    );
  };
  HOOKED.add(hooked);
  return hooked;
}
