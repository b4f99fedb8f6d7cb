import { utf8Length } from "../utf8.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** Where deltas are added: a stream event, or the byte count of a whole answer. */
export type DeltaTarget = Pick<StreamEvent, "kinds" | "kind" | "outputBytes" | "reasoningForm"> &
  Partial<Pick<StreamEvent, "onText">>;

/** A target for the output of a whole answer. */
export function emptyDeltaTarget(): DeltaTarget {
  return { kinds: 0, kind: undefined, outputBytes: 0, reasoningForm: undefined };
}

/** Counts `text` as output of this kind; anything but a text with at least one character is no output. */
export function addDelta(target: DeltaTarget, kind: DeltaKind, text: unknown): void {
  if (typeof text !== "string" || text === "") return;
  target.kinds |= DELTA_KIND_BIT[kind];
  target.kind ??= kind;
  target.outputBytes += utf8Length(text);
  target.onText?.(kind, text);
}

/** Counts a value as the JSON it would be on the wire; the empty object counts nothing. */
export function addJsonDelta(target: DeltaTarget, kind: DeltaKind, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const text = JSON.stringify(value);
  if (text !== "{}") addDelta(target, kind, text);
}
