import type { Clock } from "../clock.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { Log } from "../log.ts";
import type { VerifyToken } from "../token-check.ts";
import type { PipelineEvents } from "../pipeline-events.ts";
import type { InFlight } from "./in-flight.ts";

/** One way for telemetry to come in. */
export interface Receiver {
  readonly name: "otlp_http" | "otlp_grpc" | "jaeger_thrift";
  /** Port it listens on, once started. */
  readonly port: number;
  /** @throws {PORT_IN_USE} */
  start(port: number): Promise<void>;
  /** Stops accepting and finishes what is in flight, at most for `graceMs`. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** What every receiver stands on. */
export interface ReceiverOptions {
  readonly host: string;
  readonly ingest: Ingest;
  readonly events: PipelineEvents;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes of all open requests; one budget for all receivers. */
  readonly inFlight: InFlight;
  /** Whether there is memory enough for another request. */
  readonly hasMemory: () => boolean;
  /** Host names besides the loopback ones. */
  readonly allowedHosts: readonly string[];
  readonly ingestToken: string | undefined;
  /** Tokens taken besides; default none. */
  readonly isNamedToken?: VerifyToken;
  /** Whether the store can take spans now; behind `/ready`. */
  readonly isReady: () => boolean;
}
