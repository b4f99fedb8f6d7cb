/** Iterators are observed by patching `next`, `return` and `throw` on the object itself: the caller keeps what it got. */
import type { StreamObserver } from "./stream-observer.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;
type RunInside = <T>(run: () => T) => T;

function isThenable(value: unknown): value is PromiseLike<IteratorResult<unknown>> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function methodOf(target: object, name: string): Method | undefined {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? (value as Method) : undefined;
}

function settle(result: unknown, observer: StreamObserver, onStep: (step: IteratorResult<unknown>) => void): unknown {
  if (!isThenable(result)) {
    onStep(result as IteratorResult<unknown>);
    return result;
  }
  return result.then(
    (step) => {
      onStep(step);
      return step;
    },
    (error: unknown) => {
      observer.threw(error);
      throw error;
    },
  );
}

function step(observer: StreamObserver): (result: IteratorResult<unknown>) => void {
  return (result) => {
    if (result.done === true) observer.done();
    else observer.element(result.value);
  };
}

function patch(iterator: object, name: string, make: (original: Method) => Method): boolean {
  const original = methodOf(iterator, name);
  if (original === undefined) return true;
  return Reflect.defineProperty(iterator, name, {
    value: make(original),
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

/**
 * Observes an iterator in place.
 * @param inside runs a step in the call's own context: a generator runs in the context of whoever calls `next`.
 * @returns false when the object cannot be patched (frozen); nothing is observed then.
 */
export function patchIterator(iterator: object, observer: StreamObserver, inside: RunInside = (run) => run()): boolean {
  const called = (original: Method, before: () => void, onStep: (result: IteratorResult<unknown>) => void): Method =>
    function stepped(this: unknown, ...values) {
      before();
      let result: unknown;
      try {
        result = inside(() => original.apply(iterator, values));
      } catch (error) {
        observer.threw(error);
        throw error;
      }
      return settle(result, observer, onStep);
    };
  const patched = patch(iterator, "next", (original) => called(original, () => observer.asked(), step(observer)));
  if (!patched) return false;
  patch(iterator, "return", (original) =>
    called(
      original,
      () => observer.left(),
      () => undefined,
    ),
  );
  patch(iterator, "throw", (original) =>
    called(
      original,
      () => observer.left(),
      () => undefined,
    ),
  );
  return true;
}
