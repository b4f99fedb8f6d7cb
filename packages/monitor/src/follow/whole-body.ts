import { LIMITS } from "@nexent/monitor-core";
import { endAnswer } from "./end-answer.ts";
import type { BodyListener } from "./follow-readable.ts";
import type { Followed } from "./followed.ts";
import { endOfThrown } from "../recording/thrown-error.ts";
import { UnreadResult } from "./unread-result.ts";

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No answer of any format we read.
    return undefined;
  }
}

/** What a reading method gave, as an answer: a parsed one, its text or its bytes. */
function answerOf(value: unknown): unknown {
  if (typeof value === "string") return value.length <= LIMITS.observerJsonBytes ? parsed(value) : undefined;
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  if (!(bytes instanceof Uint8Array)) return value;
  return bytes.byteLength <= LIMITS.observerJsonBytes ? parsed(new TextDecoder().decode(bytes)) : undefined;
}

/** The body of an answer in one piece. It ends its call when it has been read, however that is done. */
export class WholeBody implements BodyListener {
  readonly #call: Followed;
  readonly #httpStatus: number;
  readonly #unread: UnreadResult;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** @param response must not be reachable from the call, or it could never be collected. */
  constructor(call: Followed, response: { readonly status: number }) {
    this.#call = call;
    this.#httpStatus = response.status;
    this.#unread = new UnreadResult(call, response);
  }

  /** A method that reads the whole body gives `result`. */
  follow(result: Promise<unknown>): Promise<unknown> {
    this.#unread.taken();
    return result.then(
      (value) => {
        this.#end(answerOf(value));
        return value;
      },
      (error: unknown) => {
        this.threw(error);
        throw error;
      },
    );
  }

  asked(): void {
    this.#unread.taken();
  }

  element(value: unknown): void {
    this.#unread.taken();
    if (!(value instanceof Uint8Array)) return;
    this.#bytes += value.byteLength;
    if (this.#bytes <= LIMITS.observerJsonBytes) this.#pieces.push(value.slice());
    else this.#pieces = [];
  }

  done(): void {
    this.#end(
      this.#bytes <= LIMITS.observerJsonBytes ? parsed(Buffer.concat(this.#pieces).toString("utf8")) : undefined,
    );
  }

  threw(error: unknown): void {
    this.#unread.taken();
    this.#call.sink.end(endOfThrown(error, "stream", this.#call.callerSignal));
  }

  left(): void {
    this.#unread.taken();
    this.#call.sink.end({ outcome: "cancelled" });
  }

  #end(answer: unknown): void {
    if (!this.#call.sink.ended) endAnswer(answer, this.#call, { httpStatus: this.#httpStatus });
  }
}
