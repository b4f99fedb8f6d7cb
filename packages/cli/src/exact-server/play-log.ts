import type { PlayObserver } from "./player.ts";
import type { PlayRecord, Schedule } from "./schedule.ts";

/** Requests by what became of them; `started` is the sum of the other three. */
export interface PlayStats {
  readonly started: number;
  readonly active: number;
  /** The client left before the schedule ended. */
  readonly aborted: number;
  /** Ended as planned, planned resets included. */
  readonly finished: number;
}

/** What is known when a play starts. */
interface PlayStart {
  readonly id: string;
  readonly model: string;
  readonly arrivedUnixMs: number;
  readonly schedule: Schedule;
}

/** Remembers the latest plays, so that measurements can be compared with what was really written. */
export interface PlayLog {
  start(play: PlayStart): PlayObserver;
  /** `undefined` when the id is unknown or so old that it was dropped. */
  find(id: string): PlayRecord | undefined;
  /** How many requests came with this id; the latest of them is the one that is remembered. */
  count(id: string): number;
  stats(): PlayStats;
}

interface MutablePlay {
  readonly number: number;
  readonly start: PlayStart;
  readonly writtenMs: number[];
  state: PlayRecord["state"];
  endedMs: number | undefined;
}

/** A log of at most `capacity` plays (default 2 000); the oldest is dropped first. */
export function createPlayLog(capacity = 2_000): PlayLog {
  const plays = new Map<string, MutablePlay>();
  const counts = { started: 0, aborted: 0, finished: 0 };
  return {
    start(start) {
      const number = (plays.get(start.id)?.number ?? 0) + 1;
      const play: MutablePlay = { number, start, writtenMs: [], state: "playing", endedMs: undefined };
      plays.delete(start.id);
      plays.set(start.id, play);
      const oldest = plays.keys().next();
      if (plays.size > capacity && oldest.done === false) plays.delete(oldest.value);
      counts.started += 1;
      return {
        wrote(atMs) {
          play.writtenMs.push(atMs);
        },
        ended(state, atMs) {
          play.state = state;
          play.endedMs = atMs;
          counts[state] += 1;
        },
      };
    },
    find(id) {
      const play = plays.get(id);
      return play === undefined ? undefined : toRecord(play);
    },
    count: (id) => plays.get(id)?.number ?? 0,
    stats() {
      return { ...counts, active: counts.started - counts.aborted - counts.finished };
    },
  };
}

function toRecord(play: MutablePlay): PlayRecord {
  const { start } = play;
  return {
    id: start.id,
    name: start.schedule.name,
    model: start.model,
    arrivedUnixMs: start.arrivedUnixMs,
    plannedMs: start.schedule.writes.map((write) => write.atMs),
    writtenMs: [...play.writtenMs],
    state: play.state,
    ...(play.endedMs === undefined ? {} : { endedMs: play.endedMs }),
  };
}
