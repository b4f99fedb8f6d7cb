import type { ServerResponse } from "node:http";
import type { DeadlineClock } from "./deadline-clock.ts";
import type { Schedule } from "./schedule.ts";

/** Receives what happened while a schedule is played; times are ms after `arrivedAtMs`. */
export interface PlayObserver {
  wrote(atMs: number): void;
  /** Called once: the schedule ended as planned, or the client left first. */
  ended(state: "finished" | "aborted", atMs: number): void;
}

class Player {
  readonly #response: ServerResponse;
  readonly #schedule: Schedule;
  readonly #clock: DeadlineClock;
  readonly #arrivedAtMs: number;
  readonly #observer: PlayObserver;
  #cancel: () => void = () => undefined;
  #ended = false;

  constructor(
    response: ServerResponse,
    schedule: Schedule,
    clock: DeadlineClock,
    arrivedAtMs: number,
    observer: PlayObserver,
  ) {
    this.#response = response;
    this.#schedule = schedule;
    this.#clock = clock;
    this.#arrivedAtMs = arrivedAtMs;
    this.#observer = observer;
  }

  start(): void {
    // The client left, or the socket broke: "close" without a planned end.
    this.#response.once("close", () => this.#end("aborted"));
    this.#response.on("error", () => this.#end("aborted"));
    const { headAtMs } = this.#schedule;
    if (headAtMs === undefined) this.#playFrom(0);
    else {
      this.#wait(headAtMs, () => {
        this.#head();
        this.#response.flushHeaders();
        this.#playFrom(0);
      });
    }
  }

  #playFrom(index: number): void {
    const write = this.#schedule.writes[index];
    if (write === undefined) {
      this.#playEnd();
      return;
    }
    this.#wait(write.atMs, () => {
      this.#head();
      const atMs = this.#elapsedMs();
      this.#response.write(write.text);
      this.#observer.wrote(atMs);
      this.#playFrom(index + 1);
    });
  }

  #playEnd(): void {
    const { end } = this.#schedule;
    if (end.kind === "hang") return;
    this.#wait(end.atMs, () => {
      this.#end("finished");
      if (end.kind === "reset") this.#response.socket?.resetAndDestroy();
      else {
        this.#head();
        this.#response.end();
      }
    });
  }

  #wait(atMs: number, run: () => void): void {
    this.#cancel = this.#clock.at(this.#arrivedAtMs + atMs, run);
  }

  #head(): void {
    if (!this.#response.headersSent) this.#response.writeHead(this.#schedule.status, { ...this.#schedule.headers });
  }

  #end(state: "finished" | "aborted"): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancel();
    this.#observer.ended(state, this.#elapsedMs());
  }

  #elapsedMs(): number {
    return this.#clock.nowMs() - this.#arrivedAtMs;
  }
}

/** One request to answer by schedule. `arrivedAtMs` is on the clock's time line. */
export interface Play {
  readonly response: ServerResponse;
  readonly schedule: Schedule;
  readonly clock: DeadlineClock;
  readonly arrivedAtMs: number;
  readonly observer: PlayObserver;
}

/** Answers `play.response` by its schedule: every write on its absolute deadline, stopped when the client leaves. */
export function playSchedule(play: Play): void {
  new Player(play.response, play.schedule, play.clock, play.arrivedAtMs, play.observer).start();
}
