/** Iterators are observed by patching `next`, `return` and `throw` on the object itself: the caller keeps what it got. */
import { safeProperty } from "../redact.ts";
import type { StreamObserver } from "./stream-observer.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;
type RunInside = <T>(run: () => T) => T;

/** What a step does to the call that is observed. */
interface StepHooks {
  readonly before: () => void;
  readonly after: (result: unknown) => void;
  readonly threw: (error: unknown) => void;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || typeof safeProperty(value, "then") === "function";
}

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

/** Runs the original step and watches how it settles. Every closure is made once for the iterator, none per step. */
function stepOf(original: Method, iterator: object, hooks: StepHooks, inside: RunInside | undefined): Method {
  const { before, after, threw } = hooks;
  const settled = <T>(result: T): T => {
    after(result);
    return result;
  };
  const failed = (error: unknown): never => {
    threw(error);
    throw error;
  };
  return function step(...values) {
    before();
    let result: unknown;
    try {
      result = inside === undefined ? original.apply(iterator, values) : runInside(inside, original, iterator, values);
    } catch (error) {
      return failed(error);
    }
    return isPromise(result) ? result.then(settled, failed) : settled(result);
  };
}

/** Apart, so that a step without a context of its own makes no closure. */
function runInside(inside: RunInside, original: Method, iterator: object, values: unknown[]): unknown {
  return inside(() => original.apply(iterator, values));
}

function patch(iterator: object, name: string, hooks: StepHooks, inside: RunInside | undefined): boolean {
  const original: unknown = Reflect.get(iterator, name);
  if (!isMethod(original)) return false;
  const value = stepOf(original, iterator, hooks, inside);
  return Reflect.defineProperty(iterator, name, { value, configurable: true, writable: true, enumerable: false });
}

/** Tells the observer what a step brought; members that throw when they are read are not there for us. */
function noteStep(observer: StreamObserver, result: unknown): void {
  let done = false;
  let value: unknown;
  try {
    const step = result as Partial<IteratorResult<unknown>>;
    done = step.done === true;
    value = step.value;
  } catch {
    // A hostile getter, or no result at all: the consumer will meet it too.
  }
  if (done) observer.done();
  else observer.element(value);
}

/**
 * Observes an iterator in place.
 * @param inside runs a step in the call's own context: a generator runs in the context of whoever calls `next`. Left out
 * where the context is settled, as with the stream of a client.
 * @returns false when the object cannot be patched (frozen); nothing is observed then.
 */
export function patchIterator(iterator: object, observer: StreamObserver, inside?: RunInside): boolean {
  const nothing = (): void => undefined;
  const next: StepHooks = {
    before: () => observer.asked(),
    after: (result) => noteStep(observer, result),
    threw: (error) => observer.threw(error),
  };
  if (!patch(iterator, "next", next, inside)) return false;
  patch(iterator, "return", { before: () => observer.left(), after: nothing, threw: nothing }, inside);
  // A generator may catch what is thrown into it and go on; if it does not, the consumer has stopped it.
  patch(iterator, "throw", { ...next, threw: () => observer.left() }, inside);
  return true;
}
