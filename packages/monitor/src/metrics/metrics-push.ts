/** Sends the registry to a receiver of OTLP metrics from time to time. */
import type { FamilyReading } from "@nexent/monitor-core";
import type { Transport } from "../backend/transport.ts";

export interface MetricsPushOptions {
  readonly read: () => readonly FamilyReading[];
  /** `undefined` when the metrics cannot be encoded. */
  readonly encode: (families: readonly FamilyReading[], nowUnixMs: number) => Uint8Array | undefined;
  readonly transport: Transport;
  readonly intervalMs: number;
  readonly onFailure: (reason: string) => void;
  /** Wall clock; default `Date.now`. */
  readonly wallMs?: () => number;
}

export interface MetricsPush {
  /** Whether the latest push failed; the next one carries everything again. */
  readonly failing: boolean;
  /** Pushes once more within `timeoutMs` and stops. Never rejects; may be called twice. */
  close(timeoutMs: number): Promise<void>;
}

class RepeatedPush implements MetricsPush {
  readonly #options: MetricsPushOptions;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #pushing: Promise<void> | undefined;
  #failing = false;

  constructor(options: MetricsPushOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#push(), options.intervalMs);
    this.#timer.unref();
  }

  get failing(): boolean {
    return this.#failing;
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#abort.signal.aborted) return;
    clearInterval(this.#timer);
    let deadline: NodeJS.Timeout | undefined;
    // Not unref'd: the caller waits for this.
    const expired = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#lastPush(), expired]);
    clearTimeout(deadline);
    this.#abort.abort();
    this.#options.transport.close();
  }

  async #lastPush(): Promise<void> {
    await this.#pushing;
    await this.#push();
  }

  /** One push at a time: while a receiver is slow, the numbers only grow. */
  #push(): Promise<void> {
    this.#pushing ??= this.#send().finally(() => (this.#pushing = undefined));
    return this.#pushing;
  }

  async #send(): Promise<void> {
    const body = this.#body();
    if (body === undefined) return this.#settle("the metrics cannot be encoded");
    const outcome = await this.#options.transport.send(body, this.#abort.signal);
    // What a receiver rejects of a push it has taken is its own business: the numbers are not lost here.
    this.#settle(outcome.status === "accepted" ? undefined : outcome.reason);
  }

  #body(): Uint8Array | undefined {
    const { read, encode, wallMs = Date.now } = this.#options;
    try {
      return encode(read(), wallMs());
    } catch {
      // A value the encoder cannot take costs this push, never the host.
      return undefined;
    }
  }

  #settle(failure: string | undefined): void {
    if (this.#abort.signal.aborted) return;
    this.#failing = failure !== undefined;
    if (failure !== undefined) this.#options.onFailure(failure);
  }
}

export function createMetricsPush(options: MetricsPushOptions): MetricsPush {
  return new RepeatedPush(options);
}
