/** Hears when the reads of an answer's body resolve. The body stays the object it is; nothing is read for us. */
import { Relay, type BodyListener } from "../follow/follow-readable.ts";
import { safeProperty } from "../redact.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

function define(target: object, name: string | symbol, value: Method): boolean {
  return Reflect.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}

/** Replaces a method that gives promises, so that each resolution is heard before whoever waits for it goes on. */
function hearReads(reader: unknown, name: string, onRead: () => void): void {
  const original = safeProperty(reader, name);
  if (typeof reader !== "object" || reader === null || !isMethod(original)) return;
  const heard = (result: unknown): unknown => {
    onRead();
    return result;
  };
  define(reader, name, function read(...values) {
    const result = original.apply(this, values);
    return result instanceof Promise ? result.then(heard) : result;
  });
}

/** Replaces a method that makes readers or iterators of the body. */
function hearReaders(body: object, name: string | symbol, read: string, onRead: () => void): boolean {
  const original: unknown = Reflect.get(body, name);
  if (!isMethod(original)) return false;
  return define(body, name, function open(...values) {
    const reader = original.apply(body, values);
    hearReads(reader, read, onRead);
    return reader;
  });
}

const NOTHING = (): void => undefined;
const UNHEARD: BodyListener = { asked: NOTHING, element: NOTHING, done: NOTHING, threw: NOTHING, left: NOTHING };

/** Replaces a method that pipes by internal slots: it pipes a stream in between, whose reads of the body are heard. */
function hearPipe(body: object, name: "pipeTo" | "pipeThrough"): void {
  const original: unknown = Reflect.get(body, name);
  if (!isMethod(original) || !(body instanceof ReadableStream)) return;
  define(body, name, function pipe(...values) {
    // Whoever wants the body back after the pipe must not find it taken.
    if (body.locked || safeProperty(values[1], "preventCancel") === true) return original.apply(body, values);
    const relay = new Relay(() => body, UNHEARD);
    const piped = original.apply(relay.stream, values);
    relay.take();
    return piped;
  });
}

/** A Node stream emits `data` for every chunk that leaves it, however it is read. */
function hearData(body: object, emit: Method, onRead: () => void): boolean {
  return define(body, "emit", function heard(...values) {
    if (values[0] === "data") onRead();
    return emit.apply(this, values);
  });
}

/**
 * Calls `onRead` at every read of `body`, a web stream or a Node stream. Readers that use internal slots (`tee`,
 * `new Response`) are not heard.
 * @returns false when the body cannot be tapped.
 */
export function tapBody(body: unknown, onRead: () => void): boolean {
  if (typeof body !== "object" || body === null) return false;
  const emit: unknown = Reflect.get(body, "emit");
  if (isMethod(emit)) return hearData(body, emit, onRead);
  const iterates = hearReaders(body, Symbol.asyncIterator, "next", onRead);
  hearPipe(body, "pipeTo");
  hearPipe(body, "pipeThrough");
  return hearReaders(body, "getReader", "read", onRead) || iterates;
}
