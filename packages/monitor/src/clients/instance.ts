/** Client instances are observed in place: own properties over those of the class, the caller's object stays the same. */
import { warnOnce } from "../diagnostics.ts";
import { manager } from "../manager.ts";
import { safeProperty } from "../redact.ts";

/** A method of an object we know nothing else about. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

const WRAPPED = Symbol.for("@nexent/monitor/wrapped");

export function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

/** False when a client is observed already, or cannot be: then it is told once and left as it was. */
function mark(client: unknown, wrapper: string): client is object {
  if (typeof client !== "object" || client === null) {
    warnOnce(`${wrapper} was given something that is no client; it is left as it was`);
    return false;
  }
  if (Object.hasOwn(client, WRAPPED)) return false;
  if (Reflect.defineProperty(client, WRAPPED, { value: true })) return true;
  warnOnce(`${wrapper} cannot observe a frozen client; it is left as it was`);
  return false;
}

/**
 * Observes a client in place, once, by what `patch` does to it. Never throws.
 * @param wrapper name of the function that the application called.
 * @returns the same client.
 */
export function wrapInPlace<C>(client: C, wrapper: string, patch: (client: object) => void): C {
  try {
    if (!mark(client, wrapper)) return client;
    manager.addSite(wrapper);
    patch(client);
  } catch {
    warnOnce(`${wrapper} cannot observe this client; it is left as it was`);
  }
  return client;
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
