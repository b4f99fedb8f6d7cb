/** Iterators are observed by patching `next`, `return` and `throw` on the object itself: the caller keeps what it got. */
import { safeProperty } from "../redact.ts";
import type { StreamObserver } from "./stream-observer.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;
type RunInside = <T>(run: () => T) => T;

/** A method of an iterator that is observed. */
interface Step {
  readonly iterator: object;
  readonly observer: StreamObserver;
  readonly inside: RunInside | undefined;
  readonly isThrow: boolean;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || typeof safeProperty(value, "then") === "function";
}

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

/** Runs an original step as it was called. Apart, so that a step without a context of its own makes no closure. */
function runStep(original: Method, iterator: object, values: unknown[], inside: RunInside | undefined): unknown {
  return inside === undefined ? original.apply(iterator, values) : inside(() => original.apply(iterator, values));
}

function define(iterator: object, name: string, value: Method): boolean {
  return Reflect.defineProperty(iterator, name, { value, configurable: true, writable: true, enumerable: false });
}

/**
 * `next` or `throw` with every step told to the observer. On the path of every chunk: its closures are made once for the
 * iterator, and what it calls are methods, which an engine can inline where it cannot what a variable holds.
 */
function observedStep(original: Method, { iterator, observer, inside, isThrow }: Step): Method {
  const settled = (result: unknown): unknown => {
    noteStep(observer, result);
    return result;
  };
  const failed = (error: unknown): never => {
    // A generator may catch what is thrown into it and go on; if it does not, the consumer has stopped it.
    if (isThrow) observer.left();
    else observer.threw(error);
    throw error;
  };
  const follow = (result: unknown): unknown => (isPromise(result) ? result.then(settled, failed) : settled(result));
  if (inside !== undefined) {
    return function step(...values) {
      observer.asked();
      let result: unknown;
      try {
        result = runStep(original, iterator, values, inside);
      } catch (error) {
        return failed(error);
      }
      return follow(result);
    };
  }
  // Apart, so that its arguments go nowhere else: an engine then makes no list of them.
  return function step(...values) {
    observer.asked();
    let result: unknown;
    try {
      result = original.apply(iterator, values);
    } catch (error) {
      return failed(error);
    }
    return follow(result);
  };
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
  const next: unknown = Reflect.get(iterator, "next");
  const step = { iterator, observer, inside, isThrow: false };
  if (!isMethod(next) || !define(iterator, "next", observedStep(next, step))) return false;
  const leave: unknown = Reflect.get(iterator, "return");
  if (isMethod(leave)) {
    define(iterator, "return", function left(...values) {
      observer.left();
      return runStep(leave, iterator, values, inside);
    });
  }
  const raise: unknown = Reflect.get(iterator, "throw");
  if (isMethod(raise)) define(iterator, "throw", observedStep(raise, { ...step, isThrow: true }));
  return true;
}
