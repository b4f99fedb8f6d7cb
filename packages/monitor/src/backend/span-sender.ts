import type { BackendHealth } from "./backend.ts";
import { FrontQueue } from "./front-queue.ts";
import type { SendOutcome, Transport } from "./transport.ts";

/** Why a span was given up; values of the label `reason` of `nexent_monitor_spans_dropped`. */
export type DropReason = "queue_full" | "export_failed" | "rejected" | "too_large" | "shutdown";

export interface SpanSenderOptions<T> {
  readonly transport: Transport;
  /** `undefined` when the spans cannot be encoded. */
  readonly encode: (items: T[]) => Uint8Array | undefined;
  /** Rough size of one item in bytes. */
  readonly sizeOf: (item: T) => number;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly batchItems: number;
  /** Bound of one batch by {@link sizeOf}; a single larger item is sent alone. */
  readonly batchBytes: number;
  /** Wait before a batch that is not full is sent. */
  readonly delayMs: number;
  /** First and longest wait after a failed export. */
  readonly retryMs: { readonly first: number; readonly longest: number };
  readonly onExported?: (count: number) => void;
  readonly onDropped?: (count: number, reason: DropReason) => void;
  readonly onFailure?: (reason: string) => void;
  /** Wall clock; default `Date.now`. */
  readonly wallMs?: () => number;
}

/** A bounded queue in front of a transport: the newest spans are kept, drops are counted, nothing blocks. */
export interface SpanSender<T> {
  push(item: T): void;
  readonly health: BackendHealth;
  flush(timeoutMs: number): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

interface Queued<T> {
  readonly item: T;
  readonly bytes: number;
}

class BoundedSpanSender<T> implements SpanSender<T> {
  readonly #options: SpanSenderOptions<T>;
  readonly #wallMs: () => number;
  readonly #queue = new FrontQueue<Queued<T>>();
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #abort = new AbortController();
  #flushing = 0;
  #failures = 0;
  #retryAfterMs = 0;
  #closed = false;
  #exported = 0;
  #dropped = 0;
  #exportFailures = 0;
  #failingSinceMs: number | undefined;
  #lastDropMs: number | undefined;

  constructor(options: SpanSenderOptions<T>) {
    this.#options = options;
    this.#wallMs = options.wallMs ?? Date.now;
  }

  get health(): BackendHealth {
    return {
      exported: this.#exported,
      dropped: this.#dropped,
      exportFailures: this.#exportFailures,
      ...(this.#failingSinceMs !== undefined && { failingSinceMs: this.#failingSinceMs }),
      ...(this.#lastDropMs !== undefined && { lastDropMs: this.#lastDropMs }),
    };
  }

  push(item: T): void {
    if (this.#closed) return this.#drop(1, "shutdown");
    const bytes = this.#options.sizeOf(item);
    if (bytes > this.#options.maxBytes) return this.#drop(1, "too_large");
    this.#queue.push({ item, bytes });
    this.#queuedBytes += bytes;
    this.#makeRoom();
    if (this.#queue.length >= this.#options.batchItems && this.#failures === 0) this.#schedule(0);
    else this.#schedule(this.#options.delayMs);
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#queue.length === 0 && this.#sending === undefined) return;
    // Not unref'd: the caller waits for this, and without it Node could leave with the flush half done.
    let deadline: NodeJS.Timeout | undefined;
    const expired = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, timeoutMs);
    });
    this.#flushing += 1;
    try {
      await Promise.race([this.#drainQueue(), expired]);
    } finally {
      this.#flushing -= 1;
      clearTimeout(deadline);
      if (this.#queue.length > 0) this.#schedule(this.#waitMs());
    }
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush(timeoutMs);
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#options.transport.close();
    this.#drop(this.#queue.take(this.#queue.length).length, "shutdown");
    this.#queuedBytes = 0;
  }

  /** Sends until the queue is empty; one failed export ends it, as trying again at once would only burn the timeout. */
  async #drainQueue(): Promise<void> {
    await this.#sending;
    while (this.#queue.length > 0 && !this.#abort.signal.aborted) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const failures = this.#exportFailures;
      await this.#sendBatch();
      if (this.#exportFailures !== failures) return;
    }
  }

  #makeRoom(): void {
    let surplus = 0;
    while (
      this.#queue.length - surplus > this.#options.maxItems ||
      (this.#queuedBytes > this.#options.maxBytes && this.#queue.length - surplus > 1)
    ) {
      this.#queuedBytes -= this.#queue.at(surplus)?.bytes ?? 0;
      surplus += 1;
    }
    if (surplus === 0) return;
    this.#queue.take(surplus);
    this.#drop(surplus, "queue_full");
  }

  /** Keeps the earlier of two wake-ups; a running export schedules the next one itself. */
  #schedule(delayMs: number): void {
    if (this.#sending !== undefined || this.#abort.signal.aborted) return;
    if (this.#timer !== undefined) {
      if (delayMs > 0) return;
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sendBatch();
    }, delayMs);
    this.#timer.unref();
  }

  #sendBatch(): Promise<void> {
    this.#sending ??= this.#export().finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0 && this.#flushing === 0) this.#schedule(this.#waitMs());
    });
    return this.#sending;
  }

  #waitMs(): number {
    const { retryMs, delayMs, batchItems } = this.#options;
    if (this.#failures > 0) {
      const backoffMs = Math.min(retryMs.first * 2 ** Math.min(this.#failures - 1, 20), retryMs.longest);
      return Math.max(backoffMs, this.#retryAfterMs);
    }
    return this.#queue.length >= batchItems ? 0 : delayMs;
  }

  async #export(): Promise<void> {
    const batch = this.#takeBatch();
    const body = this.#encode(batch);
    if (body === undefined) return this.#drop(batch.length, "export_failed");
    const outcome = await this.#options.transport.send(body, this.#abort.signal);
    this.#settle(batch, outcome);
  }

  #takeBatch(): Queued<T>[] {
    const { batchItems, batchBytes } = this.#options;
    let [count, bytes] = [0, 0];
    while (count < Math.min(batchItems, this.#queue.length)) {
      const next = this.#queue.at(count)?.bytes ?? 0;
      if (count > 0 && bytes + next > batchBytes) break;
      bytes += next;
      count += 1;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.take(count);
  }

  #encode(batch: readonly Queued<T>[]): Uint8Array | undefined {
    try {
      return this.#options.encode(batch.map((queued) => queued.item));
    } catch {
      // A value the encoder cannot take costs this batch, never the host.
      return undefined;
    }
  }

  #settle(batch: Queued<T>[], outcome: SendOutcome): void {
    this.#retryAfterMs = outcome.status === "retryable" ? (outcome.retryAfterMs ?? 0) : 0;
    if (outcome.status === "accepted") {
      this.#failures = 0;
      this.#failingSinceMs = undefined;
      const rejected = Math.min(outcome.rejected ?? 0, batch.length);
      this.#exported += batch.length - rejected;
      this.#options.onExported?.(batch.length - rejected);
      return this.#drop(rejected, "rejected");
    }
    // Our own end of it is no failure of the receiver.
    if (this.#abort.signal.aborted) return this.#drop(batch.length, "shutdown");
    this.#failures += 1;
    this.#exportFailures += 1;
    this.#failingSinceMs ??= this.#wallMs();
    this.#options.onFailure?.(outcome.reason);
    if (outcome.status === "refused") return this.#drop(batch.length, "export_failed");
    this.#queue.putBack(batch);
    for (const queued of batch) this.#queuedBytes += queued.bytes;
    this.#makeRoom();
  }

  #drop(count: number, reason: DropReason): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#lastDropMs = this.#wallMs();
    this.#options.onDropped?.(count, reason);
  }
}

export function createSpanSender<T>(options: SpanSenderOptions<T>): SpanSender<T> {
  return new BoundedSpanSender(options);
}
