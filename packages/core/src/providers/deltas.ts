import { utf8Length } from "../utf8.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** Where deltas are added: a stream event, or the byte count of a whole answer. */
export type DeltaTarget = Pick<StreamEvent, "kinds" | "kind" | "outputBytes" | "reasoningForm">;

/** Adds a piece of output; the empty string, and what is no string, counts nothing. */
export function addDelta(target: DeltaTarget, kind: DeltaKind, text: unknown): void {
  if (typeof text !== "string" || text === "") return;
  target.kinds |= DELTA_KIND_BIT[kind];
  target.kind ??= kind;
  target.outputBytes += utf8Length(text);
}

/** Adds a value that a format sends parsed (the arguments of a tool call) by the bytes of its JSON text. */
export function addJsonDelta(target: DeltaTarget, kind: DeltaKind, value: unknown): void {
  if (value === undefined || value === null) return;
  try {
    addDelta(target, kind, JSON.stringify(value));
  } catch {
    // A value of the host that has no JSON text (a cycle, a throwing getter): its bytes are unknown.
  }
}
