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
  /** What it watches: a function is wrapped once per kind, so that a call is not counted twice. */
  readonly kind: "llm" | "endpoint";
  /** A function has been wrapped. */
  readonly applied: () => void;
  /** Off: the original is called without anything between. Must not allocate. */
  readonly isOn: () => boolean;
  readonly call: (fn: AnyFunction, self: unknown, args: readonly unknown[], form: Form) => unknown;
}

/** Whether a function was decorated as the method of a class, or wrapped on its own. */
export type Form = "method" | "function";

/** The mark is copied with the other own properties, so that a wrapper around a wrapper carries both. */
const MARKS = {
  llm: Symbol.for("@nexent/monitor/wrapped"),
  endpoint: Symbol.for("@nexent/monitor/wrapped-endpoint"),
} as const;

const originals = new WeakMap<AnyFunction, AnyFunction>();

/** The function as its author wrote it. */
export function originalOf(fn: AnyFunction): AnyFunction {
  return originals.get(fn) ?? fn;
}

/** Frameworks such as NestJS keep what they know of a method by its function, with the `reflect-metadata` package. */
function copyMetadata(from: AnyFunction, to: AnyFunction): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata }: any = Reflect;
  if (typeof getOwnMetadataKeys !== "function") return;
  for (const key of getOwnMetadataKeys(from)) defineMetadata(key, getOwnMetadata(key, from), to);
}

function wrapFunction(fn: AnyFunction, interceptor: Interceptor, form: Form): AnyFunction {
  const mark = MARKS[interceptor.kind];
  if (Object.hasOwn(fn, mark)) return fn;
  // No async wrapper and no closure before the off test: both cost more than everything else together.
  const wrapped: AnyFunction = function (this: any): any {
    // oxlint-disable-next-line prefer-rest-params -- a rest parameter would be an allocation when off
    const args: any = arguments;
    return interceptor.isOn() ? interceptor.call(fn, this, args, form) : fn.apply(this, args);
  };
  for (const key of Reflect.ownKeys(fn)) {
    if (key === "prototype" || key === "arguments" || key === "caller") continue;
    const descriptor = Reflect.getOwnPropertyDescriptor(fn, key);
    if (descriptor !== undefined) Reflect.defineProperty(wrapped, key, descriptor);
  }
  copyMetadata(fn, wrapped);
  Reflect.defineProperty(wrapped, mark, { value: true });
  originals.set(wrapped, originalOf(fn));
  interceptor.applied();
  return wrapped;
}

/** What a decorator may not be put on; undefined for methods and functions. */
function misuseOf(target: any, context: any): string | undefined {
  const kind: unknown = context?.kind;
  if (typeof kind === "string" && kind !== "method") return `a ${kind}`;
  if (typeof target !== "function") return "something that is no function";
  return /^class\b/.test(Function.prototype.toString.call(target)) ? "a class" : undefined;
}

/** Makes the decorator of an interceptor. A misuse returns its argument as it was and is told to `misused`. */
export function createDecorator(interceptor: Interceptor, misused: (what: string) => void): Decorator {
  const decorate = (target: any, second?: any, descriptor?: any): any => {
    const isLegacy = typeof second === "string" || typeof second === "symbol";
    const misuse = isLegacy ? misuseOf(descriptor?.value, undefined) : misuseOf(target, second);
    if (misuse !== undefined) {
      misused(misuse);
      return isLegacy ? descriptor : target;
    }
    if (!isLegacy) return wrapFunction(target, interceptor, second === undefined ? "function" : "method");
    return { ...descriptor, value: wrapFunction(descriptor.value, interceptor, "method") };
  };
  return decorate;
}
