import type { LlmCall } from "../recording/recording.ts";

/** Options of a client wrapper. */
export interface ClientOptions {
  /** Value of the `provider` label; default: by the host the client talks to, else the client's own. */
  readonly provider?: string;
  /** Attributes of every span. */
  readonly attributes?: LlmCall["attributes"];
  /** Keeps the time of every counted chunk on the span; default: the configuration. */
  readonly tokenTape?: boolean;
}
