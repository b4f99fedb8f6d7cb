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

/** Requests that are under way for a call that is observed. Kept from the first {@link watchLinks} on: most never ask. */
let attempted: WeakSet<object> | undefined;

/** From now on {@link isLinked} knows. A `fetch` of ours calls it when it is made, before it is asked for anything. */
export function watchLinks(): void {
  attempted ??= new WeakSet();
}

/** Whether a request is an attempt of an observed call: a `fetch` of ours further down leaves it alone. */
export function isLinked(init: unknown): boolean {
  return isObject(init) && attempted?.has(init) === true;
}

/** The call of a request, if it has one; the transport gets the request without it. */
function takeLink(init: unknown): CallAttempts | undefined {
  if (!isObject(init)) return undefined;
  const attempts = init[LINK];
  if (attempts === undefined) return undefined;
  delete init[LINK];
  return attempts;
}

/** Sends one attempt. Not an async function: with context followed, every promise between transport and caller costs. */
function send(base: FetchLike, self: unknown, args: Parameters<FetchLike>, attempts: CallAttempts): Promise<unknown> {
  if (attempted !== undefined && isObject(args[1])) attempted.add(args[1]);
  attempts.begin(args[0]);
  const failed = (error: unknown): never => {
    attempts.failed(error);
    throw error;
  };
  const answered = (response: unknown): unknown => {
    attempts.answered(response);
    return response;
  };
  let answer: unknown;
  try {
    answer = base.apply(self, args);
  } catch (error) {
    return failed(error);
  }
  return Promise.resolve(answer).then(answered, failed);
}

/** `base`, every request of which is an attempt of one call. Same settlement, same errors, same bytes. */
export function tellAttempts(base: FetchLike, attempts: CallAttempts): FetchLike {
  return function fetch(...args) {
    return send(base, this, args, attempts);
  };
}

/** What each hook is over. */
const bases = new WeakMap<FetchLike, FetchLike>();

/** Whether a client sends by the process's own `fetch`, hooked or not: then nothing of the application runs in it. */
export function isGlobalFetch(fetch: unknown): boolean {
  return isFetch(fetch) && (bases.get(fetch) ?? fetch) === globalThis.fetch;
}

/** `base`, with the requests of observed calls told to their call. */
export function hookFetch(base: FetchLike): FetchLike {
  if (bases.has(base)) return base;
  const hook: FetchLike = function fetch(...args) {
    const attempts = takeLink(args[1]);
    return attempts === undefined ? base.apply(this, args) : send(base, this, args, attempts);
  };
  bases.set(hook, base);
  return hook;
}

export function isFetch(value: unknown): value is FetchLike {
  return typeof value === "function";
}
