/** The HTTP requests that a client sends for one call. Nothing here throws into the host. */
import { errorTypeOfStatus } from "@nexent/monitor-core";
import { tapBody } from "./body-tap.ts";
import type { Recording } from "../recording/recording.ts";
import { safeProperty } from "../redact.ts";
import { serverOf } from "./server-address.ts";
import { endOfThrown } from "../recording/thrown-error.ts";

/** Answers in one piece are read as a whole: when is of no use there. */
function isWhole(response: unknown): boolean {
  const headers = safeProperty(response, "headers");
  const get = safeProperty(headers, "get");
  const type: unknown = typeof get === "function" ? Reflect.apply(get, headers, ["content-type"]) : undefined;
  return typeof type === "string" && /^application\/([\w.+-]+\+)?json\b/.test(type);
}

/** What the hook of a client's transport tells: each HTTP request is one attempt of the call. */
export class CallAttempts {
  readonly #recording: Recording;
  readonly #mayStream: boolean;
  /** The attempt was stopped: by the caller, which ends the call, or by the client's own time limit. */
  #stoppedAtMs: number | undefined;

  /** @param askedStream false: the answer comes in one piece, and when its pieces arrive is of no use. */
  constructor(recording: Recording, askedStream?: boolean) {
    this.#recording = recording;
    this.#mayStream = askedStream !== false;
  }

  /** A request is about to be handed to the transport. */
  begin(address: unknown): void {
    try {
      // A caller that stops gets no further attempt: the one before had run out of time.
      if (this.#stoppedAtMs !== undefined) {
        this.#recording.failAttempt({ outcome: "error", errorType: "timeout", atMs: this.#stoppedAtMs });
      }
      this.#stoppedAtMs = undefined;
      this.#recording.amend(serverOf(address));
      this.#recording.startAttempt(performance.now());
    } catch {
      // The call goes on with what it has.
    }
  }

  /** Status and headers are visible. Taps the body of a streamed answer. */
  answered(response: unknown): void {
    try {
      const atMs = performance.now();
      const recording = this.#recording;
      recording.clock.markFirstByte(recording.micros(atMs));
      const status = safeProperty(response, "status");
      if (typeof status === "number" && status >= 400) {
        recording.failAttempt({ outcome: "error", errorType: errorTypeOfStatus(status), httpStatus: status, atMs });
      } else if (this.#mayStream && !isWhole(response)) {
        tapBody(safeProperty(response, "body"), () => recording.markRead(performance.now()));
      }
    } catch {
      // An odd response: the host gets it all the same.
    }
  }

  /** No headers came. */
  failed(error: unknown): void {
    try {
      const atMs = performance.now();
      const end = endOfThrown(error, "call");
      if (end.outcome === "cancelled") this.#stoppedAtMs = atMs;
      else this.#recording.failAttempt({ ...end, atMs });
    } catch {
      // As above.
    }
  }
}
