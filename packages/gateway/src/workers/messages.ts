/** What the primary and its workers say to each other, over the channel that `node:cluster` opens. */
import type { FamilyReading } from "@nexent/monitor-core";
import type { InFlightView } from "../in-flight.ts";

/** What is gathered from all workers, by topic. */
export interface Parts {
  readonly metrics: readonly FamilyReading[];
  readonly inFlight: InFlightView;
}

/** A topic that is gathered. */
export type Topic = keyof Parts;

/** What one process tells of a topic. */
export type Part = { readonly [T in Topic]: { readonly topic: T; readonly value: Parts[T] } }[Topic];

/** To the primary: ask everybody, or the answer to its own question. `id` ties answers to questions. */
export type ToPrimary =
  | { readonly kind: "gather"; readonly id: number; readonly topic: Topic }
  | { readonly kind: "part"; readonly id: number; readonly part: Part };

/** To a worker: a question, what was gathered for it, or the order to finish. */
export type ToWorker =
  | { readonly kind: "ask"; readonly id: number; readonly topic: Topic }
  | { readonly kind: "gathered"; readonly id: number; readonly parts: readonly Part[] }
  | { readonly kind: "drain" };

function kindOf(message: unknown): unknown {
  return typeof message === "object" && message !== null && "kind" in message ? message.kind : undefined;
}

/** Whether a message of the channel is one for the primary. Both ends are this program, in one version. */
export function isToPrimary(message: unknown): message is ToPrimary {
  const kind = kindOf(message);
  return kind === "gather" || kind === "part";
}

/** Whether a message of the channel is one for a worker. */
export function isToWorker(message: unknown): message is ToWorker {
  const kind = kindOf(message);
  return kind === "ask" || kind === "gathered" || kind === "drain";
}

/** What was told of the metrics. */
export function metricsIn(parts: readonly Part[]): readonly Parts["metrics"][] {
  return parts.flatMap((part) => (part.topic === "metrics" ? [part.value] : []));
}

/** What was told of the open calls. */
export function viewsIn(parts: readonly Part[]): readonly InFlightView[] {
  return parts.flatMap((part) => (part.topic === "inFlight" ? [part.value] : []));
}
