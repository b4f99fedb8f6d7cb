import { LIMITS } from "@nexent/monitor-core";
import { createMemoryStore, type TraceStore } from "@nexent/monitor-store";
import { systemClock, type Clock } from "../clock.ts";
import { createIngest } from "../ingest/ingest.ts";
import { silentLog } from "../log.ts";
import { createInFlight, type InFlight } from "../receivers/in-flight.ts";
import { createOtlpHttpReceiver } from "../receivers/otlp-http.ts";
import type { Receiver, ReceiverOptions } from "../receivers/receiver.ts";
import { createPipelineCounters, type PipelineCounters } from "../self/pipeline-counters.ts";

/** A receiver on a free port over a memory store. */
export interface TestReceiver {
  readonly url: string;
  readonly port: number;
  readonly store: TraceStore;
  readonly counters: PipelineCounters;
  readonly inFlight: InFlight;
  stop(): Promise<void>;
}

export interface TestReceiverOptions {
  readonly store?: Parameters<typeof createIngest>[0]["store"];
  readonly ingestToken?: string;
  readonly clock?: Clock;
  readonly overrides?: Partial<ReceiverOptions>;
  /** Default: OTLP over HTTP. */
  readonly create?: (options: ReceiverOptions) => Receiver;
}

/** Starts one; the caller stops it. */
export async function startTestReceiver(options: TestReceiverOptions = {}): Promise<TestReceiver> {
  const store = createMemoryStore();
  const clock = options.clock ?? systemClock;
  const counters = createPipelineCounters(clock);
  const inFlight = createInFlight(LIMITS.ingestInFlightBytes);
  const create = options.create ?? createOtlpHttpReceiver;
  const receiver = create({
    host: "127.0.0.1",
    ingest: createIngest({ store: options.store ?? store, events: counters, clock }),
    events: counters,
    clock,
    log: silentLog,
    inFlight,
    hasMemory: () => true,
    allowedHosts: [],
    ingestToken: options.ingestToken,
    isReady: () => true,
    ...options.overrides,
  });
  await receiver.start(0);
  return {
    url: `http://127.0.0.1:${receiver.port}`,
    port: receiver.port,
    store,
    counters,
    inFlight,
    stop: () => receiver.stop(1_000),
  };
}
