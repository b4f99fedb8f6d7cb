/** One way for telemetry to come in. Later ones (gRPC, Jaeger thrift, scrape) join as files beside this one. */
export interface Receiver {
  readonly name: "otlp_http";
  /** Port it listens on, once started. */
  readonly port: number;
  /** @throws {PORT_IN_USE} */
  start(port: number): Promise<void>;
  /** Stops accepting and finishes what is in flight, at most for `graceMs`. Idempotent. */
  stop(graceMs: number): Promise<void>;
}
