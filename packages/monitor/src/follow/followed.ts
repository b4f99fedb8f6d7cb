import type { Provider } from "@nexent/monitor-core";
import type { AbandonWatch } from "./abandon-watch.ts";
import type { CallSink } from "../recording/call-sink.ts";
import type { Classify } from "./stream-observer.ts";

/** How the pieces of an answer are read, and how its end is judged. */
export interface AnswerReader {
  /** The wire format, when it is known; otherwise what the pieces look like decides. */
  readonly provider?: Provider | undefined;
  /** Reads stream elements of a shape we do not know; wins over the format. */
  readonly classify?: Classify | undefined;
  /** The caller asked for a stream; an answer in one piece then corrects the record. */
  readonly askedStream?: boolean | undefined;
  /** By which the caller stops the call, when it gave one. */
  readonly callerSignal?: AbortSignal | undefined;
}

/** One observed call whose result is followed. */
export interface Followed extends AnswerReader {
  readonly sink: CallSink;
  readonly watch: AbandonWatch;
  /** The elements of the result are the reads of an answer's body. */
  readonly isBody?: boolean;
  /** Runs something in the call's own context. */
  readonly inside: <T>(run: () => T) => T;
}
