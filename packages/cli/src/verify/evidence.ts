import type { LlmFields } from "@nexent/monitor-core";
import type { PlayRecord } from "../exact-server/schedule.ts";
import type { ClientName } from "./clients/clients.ts";

/** The gateway process, or the SDK in a process of its own. */
export type OwnTargetName = "gateway" | "sdk";

/** What is measured: the product's own parts, or a client library that the SDK wraps. */
export type TargetName = OwnTargetName | ClientName;

/** One record that a target exported for a play. */
export interface ObservedRecord {
  /** The play it belongs to. */
  readonly playId: string;
  readonly fields: LlmFields;
  /** Length of the span, seconds. */
  readonly durationSeconds: number;
}

/** Everything known about one play, for the judge. */
export interface PlayEvidence {
  readonly playId: string;
  /** What the exact-schedule server really did; `undefined` when the request never reached it. */
  readonly play: PlayRecord | undefined;
  /** All records of this play; exactly one is right. */
  readonly observed: readonly ObservedRecord[];
  /** When the client left a stream early, Unix ms with fraction; `undefined` when it read to the end. */
  readonly leftUnixMs?: number;
}
