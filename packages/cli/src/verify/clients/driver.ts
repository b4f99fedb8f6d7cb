import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { CountChunks } from "../act-as-client.ts";

/** One call to make with a client library. */
export interface ClientCall {
  readonly scenario: Scenario;
  /** Origin of the exact-schedule server. */
  readonly origin: string;
  /** To be sent with the request. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be given to the wrapper: they find the record of the call again. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Ends request and answer. */
  readonly signal: AbortSignal;
}

/** A client library, wrapped by the SDK, that makes the calls of scenarios as an application would. */
export interface ClientDriver {
  /** Makes the call; resolves with what the library gives: a stream, or an answer. Retries are off. */
  ask(call: ClientCall): Promise<unknown>;
  /** Counts the chunks of one stream of this scenario. */
  counter(scenario: Scenario): CountChunks;
}

/** What a library may keep from whoever watches it; it is then not judged. */
export type HiddenField = "firstChunkSeconds" | "inputTokens";

/** What is known of a driver without its packages. */
export interface ClientDriverKind {
  /** The packages it imports, by the names under which the folder of clients has them. */
  readonly packages: readonly string[];
  /** Whether library and API can express the scenario. */
  plays(scenario: Scenario): boolean;
  /** Whether leaving a stream ends its request. If not, the application must abort it, and when is its affair. */
  readonly leavingEndsRequest: boolean;
  /**
   * How many times the usual bounds its times may be off; default 1. More than 1 where the call is watched inside the
   * library and not at its transport, so that the library's own work is measured with it.
   */
  readonly slack?: number;
  /** What the library does not show of a scenario; default: nothing. */
  hides?(scenario: Scenario): readonly HiddenField[];
  /** @param modules the imported packages, in the order of `packages`. */
  create(modules: readonly unknown[]): ClientDriver;
}
