import type { Scenario } from "@nexent/monitor-core/scenarios";

/** Orders to a process whose own calls are measured. */
export type ChildOrder =
  | { readonly type: "play"; readonly playId: string; readonly scenario: string; readonly origin: string }
  | { readonly type: "stop" };

/** Its answers. */
export type ChildAnswer =
  | { readonly type: "ready" }
  | { readonly type: "played"; readonly playId: string; readonly leftUnixMs?: number };

/** One play as the process makes it. */
export interface ChildPlay {
  readonly scenario: Scenario;
  readonly playId: string;
  readonly origin: string;
}
