import type { AbandonWatch, Unread } from "./abandon-watch.ts";
import type { CallSink } from "./call-sink.ts";

/** A lazy result nobody has asked for yet; its call is `abandoned` if nobody ever does. */
export class UnreadResult implements Unread {
  readonly idleSinceMs = performance.now();
  readonly #watch: AbandonWatch;
  readonly #sink: CallSink;

  /** @param target must not be reachable from the call, or it could never be collected. */
  constructor({ watch, sink }: { readonly watch: AbandonWatch; readonly sink: CallSink }, target: object) {
    this.#watch = watch;
    this.#sink = sink;
    watch.watch(this, target);
  }

  /** Somebody reads it now. */
  taken(): void {
    this.#watch.forget(this);
  }

  abandon(): void {
    this.#sink.end({ outcome: "abandoned" });
  }
}
