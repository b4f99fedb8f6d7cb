/** Streams that are iterated: the same object back, its iterator patched. */
import { patchIterator } from "./follow-iterator.ts";
import type { Followed } from "./followed.ts";
import { safeProperty } from "../redact.ts";
import { StreamObserver } from "./stream-observer.ts";

type Open = (this: unknown, ...values: unknown[]) => object;

/** The stream class of the OpenAI and Anthropic clients: it makes its iterator late and holds its abort controller. */
interface ClientStream {
  iterator: Open;
}

function signalOf(stream: object): AbortSignal | undefined {
  const signal = safeProperty(safeProperty(stream, "controller"), "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}

export function isClientStream(value: { readonly iterator?: unknown }): value is ClientStream {
  return typeof value.iterator === "function" && signalOf(value) !== undefined;
}

function isOpen(value: unknown): value is Open {
  return typeof value === "function";
}

/** Only the first iterator is the answer: a second one fails, or asks again. */
function openOnce(open: Open, stream: object, observer: StreamObserver, inside?: Followed["inside"]): Open {
  let opened = false;
  return function observed(...values) {
    const iterator = open.apply(stream, values);
    if (opened) return iterator;
    opened = true;
    observer.readThrough(iterator);
    patchIterator(iterator, observer, inside);
    return iterator;
  };
}

export function followClientStream(stream: ClientStream, call: Followed): object {
  const signal = signalOf(stream);
  const observer = new StreamObserver(call, stream, signal);
  if (!Reflect.set(stream, "iterator", openOnce(stream.iterator, stream, observer))) observer.giveUp();
  return stream;
}

export function followIterator(iterator: object, call: Followed): object {
  const observer = new StreamObserver(call, iterator);
  if (!patchIterator(iterator, observer, call.inside)) observer.giveUp();
  return iterator;
}

export function followIterable(iterable: object, call: Followed): object {
  const open: unknown = Reflect.get(iterable, Symbol.asyncIterator);
  if (!isOpen(open)) return iterable;
  const observer = new StreamObserver(call, iterable);
  const value = openOnce(open, iterable, observer, call.inside);
  if (!Reflect.defineProperty(iterable, Symbol.asyncIterator, { value, configurable: true, writable: true })) {
    observer.giveUp();
  }
  return iterable;
}
