import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { HiddenField } from "./clients/driver.ts";
import type { TargetName } from "./evidence.ts";

/** One request to make. */
export interface PlayOrder {
  readonly scenario: Scenario;
  /** 32 hex digits; also the trace id where the target takes one. */
  readonly playId: string;
}

/** When the client left, if it did; Unix ms with fraction. */
export interface PlayReport {
  readonly leftUnixMs?: number;
}

/** Something whose measurement is verified: it makes the request of a play and exports a record of it. */
export interface VerifyTarget {
  readonly name: TargetName;
  /** Whether a scenario makes sense here. */
  plays(scenario: Scenario): boolean;
  /** How many times the usual bounds times may be off here; default 1. */
  readonly slack?: number;
  /** What cannot be seen of a scenario here, and is not judged; default: nothing. */
  hides?(scenario: Scenario): readonly HiddenField[];
  /** Makes the request and acts as the scenario's client. Errors that the scenario provokes are not errors here. */
  play(order: PlayOrder): Promise<PlayReport>;
  /** Ends the measured process in order, so that every record has been exported. */
  stop(): Promise<void>;
}

/** What every target needs. */
export interface TargetStart {
  /** Origin of the exact-schedule server, without a path. */
  readonly exactOrigin: string;
  /** Base address of the OTLP/JSON receiver. */
  readonly otlpEndpoint: string;
  /** The environment of the measured process without its settings. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder for the log of the measured process. */
  readonly logDir: string;
}
