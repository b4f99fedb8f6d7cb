import type { AbandonWatch, Unread } from "./abandon-watch.ts";
import type { CallSink } from "../recording/call-sink.ts";

/** A lazy result nobody has asked for yet; its call is `abandoned` if nobody ever does. */
export class UnreadResult implements Unread {
  #idleSinceMs: number | undefined;
  #taken = false;
  #watched = false;
  readonly #watch: AbandonWatch;
  readonly #sink: CallSink;

  /** @param target what would be read; must not be reachable from the call. Left out: {@link watch} comes later. */
  constructor({ watch, sink }: { readonly watch: AbandonWatch; readonly sink: CallSink }, target?: object) {
    this.#watch = watch;
    this.#sink = sink;
    if (target !== undefined) this.watch(target);
  }

  get idleSinceMs(): number | undefined {
    return this.#idleSinceMs;
  }

  /** From now on it counts as unread, unless somebody has taken it. */
  watch(target: object): void {
    if (this.#taken) return;
    this.#idleSinceMs = performance.now();
    this.#watched = true;
    this.#watch.watch(this, target);
  }

  /** Somebody reads it now. */
  taken(): void {
    this.#taken = true;
    if (this.#watched) this.#watch.forget(this);
  }

  abandon(): void {
    this.#sink.end({ outcome: "abandoned" });
  }
}
