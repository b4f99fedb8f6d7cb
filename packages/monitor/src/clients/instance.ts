/** Client instances are observed in place: own properties over those of the class, the caller's object stays the same. */
import { warnOnce } from "../diagnostics.ts";
import { safeProperty } from "../redact.ts";

/** A method of an object we know nothing else about. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

const WRAPPED = Symbol.for("@nexent/monitor/wrapped");

export function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

/**
 * Marks a client as observed.
 * @returns false when it is already, or cannot be: then it is told once and left as it was.
 */
export function markWrapped(client: unknown, wrapper: string): client is object {
  if (typeof client !== "object" || client === null) {
    warnOnce(`${wrapper} was given something that is no client; it is left as it was`);
    return false;
  }
  if (Object.hasOwn(client, WRAPPED)) return false;
  if (Reflect.defineProperty(client, WRAPPED, { value: true })) return true;
  warnOnce(`${wrapper} cannot observe a frozen client; it is left as it was`);
  return false;
}

/** The object at the end of a path of property names; undefined when the client has no such part. */
export function partOf(client: object, path: readonly string[]): object | undefined {
  let part: unknown = client;
  for (const name of path) part = safeProperty(part, name);
  return typeof part === "object" && part !== null ? part : undefined;
}

/** Puts a method of our making over one of the instance; does nothing where there is none. */
export function replaceMethod(target: object, name: string, make: (original: Method) => Method): void {
  const original = safeProperty(target, name);
  if (!isMethod(original)) return;
  Reflect.defineProperty(target, name, { value: make(original), configurable: true, writable: true });
}
