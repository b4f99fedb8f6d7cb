import type { AbandonWatch } from "./abandon-watch.ts";
import type { CallSink } from "./call-sink.ts";
import type { Classify } from "./stream-observer.ts";

/** One observed call whose result is followed. */
export interface Followed {
  readonly sink: CallSink;
  readonly watch: AbandonWatch;
  readonly classify: Classify | undefined;
  /** Runs something in the call's own context. */
  readonly inside: <T>(run: () => T) => T;
}
