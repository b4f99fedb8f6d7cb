/** One function behind every form: TC39 decorator, legacy decorator, plain wrapper. The only `any` of the package. */

export type AnyFunction = (this: any, ...args: any[]) => any;

/** A decorator that keeps the signature, `F -> F`, in all three forms. */
export interface Decorator {
  /** TC39 decorator. */
  <F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext<any, F>): F;
  /** Legacy `experimentalDecorators` decorator. */
  <F extends AnyFunction>(
    proto: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
  /** Plain wrapper. */
  <F extends AnyFunction>(fn: F): F;
}

/** What happens at a call of a wrapped function. */
export interface Interceptor {
  /** Off: the original is called without anything between. Must not allocate. */
  readonly isOn: () => boolean;
  readonly call: (fn: AnyFunction, self: unknown, args: ArrayLike<unknown>) => unknown;
}

const WRAPPED = Symbol.for("@nexent/monitor/wrapped");

function wrapFunction(fn: AnyFunction, interceptor: Interceptor): AnyFunction {
  if ((fn as { [WRAPPED]?: true })[WRAPPED] === true) return fn;
  // No async wrapper and no closure before the off test: both cost more than everything else together.
  const wrapped = function (this: unknown): unknown {
    return interceptor.isOn()
      ? interceptor.call(fn, this, arguments)
      : fn.apply(this, arguments as unknown as unknown[]);
  };
  for (const key of Reflect.ownKeys(fn)) {
    if (key === "prototype" || key === "arguments" || key === "caller") continue;
    const descriptor = Reflect.getOwnPropertyDescriptor(fn, key);
    if (descriptor !== undefined) Reflect.defineProperty(wrapped, key, descriptor);
  }
  Reflect.defineProperty(wrapped, WRAPPED, { value: true });
  return wrapped;
}

/** Makes the decorator of an interceptor. A misuse returns its argument as it was and is told to `misused`. */
export function createDecorator(interceptor: Interceptor, misused: (what: string) => void): Decorator {
  const decorate = (target: any, second?: any, descriptor?: any): any => {
    if (typeof descriptor?.value === "function")
      return { ...descriptor, value: wrapFunction(descriptor.value, interceptor) };
    if (typeof target === "function") return wrapFunction(target, interceptor);
    misused(second?.kind === undefined ? "something that is no function" : `a ${String(second.kind)}`);
    return descriptor ?? target;
  };
  return decorate as Decorator;
}
