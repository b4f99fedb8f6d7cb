/** Iterators are observed by patching `next`, `return` and `throw` on the object itself: the caller keeps what it got. */
import { safeProperty } from "./redact.ts";
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
  return typeof safeProperty(value, "then") === "function";
}

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

/** Runs the original step and watches how it settles. */
function stepOf(original: Method, iterator: object, hooks: StepHooks, inside: RunInside): Method {
  return function step(...values) {
    hooks.before();
    let result: unknown;
    try {
      result = inside(() => original.apply(iterator, values));
    } catch (error) {
      hooks.threw(error);
      throw error;
    }
    if (!isPromise(result)) {
      hooks.after(result);
      return result;
    }
    return result.then(
      (settled) => {
        hooks.after(settled);
        return settled;
      },
      (error: unknown) => {
        hooks.threw(error);
        throw error;
      },
    );
  };
}

function patch(iterator: object, name: string, hooks: StepHooks, inside: RunInside): boolean {
  const original: unknown = Reflect.get(iterator, name);
  if (!isMethod(original)) return false;
  const value = stepOf(original, iterator, hooks, inside);
  return Reflect.defineProperty(iterator, name, { value, configurable: true, writable: true, enumerable: false });
}

function noteStep(observer: StreamObserver, result: unknown): void {
  if (safeProperty(result, "done") === true) observer.done();
  else observer.element(safeProperty(result, "value"));
}

/**
 * Observes an iterator in place.
 * @param inside runs a step in the call's own context: a generator runs in the context of whoever calls `next`.
 * @returns false when the object cannot be patched (frozen); nothing is observed then.
 */
export function patchIterator(iterator: object, observer: StreamObserver, inside: RunInside = (run) => run()): boolean {
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
