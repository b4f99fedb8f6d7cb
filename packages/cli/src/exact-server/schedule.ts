import type { ScenarioEnd, ScheduledWrite } from "@nexent/monitor-core/scenarios";

/** Request and response header that names a play; a client may choose the id, otherwise it is a UUID. */
export const PLAY_ID_HEADER = "x-exact-id";

/** What the server will do with one request, decided before its first byte. Times are ms after the request arrived. */
export interface Schedule {
  /** Scenario name, or `exact`. */
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** When status and headers are sent; `undefined` = with the first write (or the end). */
  readonly headAtMs: number | undefined;
  readonly writes: readonly ScheduledWrite[];
  readonly end: ScenarioEnd;
}

/** What really happened to one request, for whoever compares measurements with the truth. */
export interface PlayRecord {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  /** Unix milliseconds. */
  readonly arrivedUnixMs: number;
  readonly plannedMs: readonly number[];
  /** Real time of each write that was made, ms after arrival; at most as long as `plannedMs`. */
  readonly writtenMs: readonly number[];
  /** `playing`; `finished` = ended as planned (a planned reset included); `aborted` = the client left first. */
  readonly state: "playing" | "finished" | "aborted";
  /** End or abort, ms after arrival. */
  readonly endedMs?: number;
}
