/** A stream of Node, such as the body that `axios` or `node-fetch` give: the same object back, its `emit` is heard. */
import type { Followed } from "./followed.ts";
import type { BodyListener } from "./follow-readable.ts";
import { StreamObserver } from "./stream-observer.ts";

type Emit = (this: unknown, ...values: unknown[]) => unknown;

interface NodeStream {
  emit: Emit;
}

export function isNodeStream(value: object): value is NodeStream {
  return ["emit", "on", "read", "pipe"].every((name) => typeof Reflect.get(value, name) === "function");
}

function tell(listener: BodyListener, event: unknown, value: unknown): void {
  // However it is read, a chunk that leaves the stream is emitted.
  if (event === "data") listener.element(value);
  else if (event === "end") listener.done();
  else if (event === "error") listener.threw(value);
  else if (event === "close") listener.left();
}

/** Tells `listener` what leaves the stream. False when it cannot be heard (frozen). */
export function hearNodeStream(stream: NodeStream, listener: BodyListener): boolean {
  const { emit } = stream;
  const value: Emit = function heard(...values) {
    tell(listener, values[0], values[1]);
    return emit.apply(this, values);
  };
  return Reflect.defineProperty(stream, "emit", { value, configurable: true, writable: true });
}

export function followNodeStream(stream: NodeStream, call: Followed): object {
  const observer = new StreamObserver(call, stream);
  if (!hearNodeStream(stream, observer)) observer.giveUp();
  return stream;
}
