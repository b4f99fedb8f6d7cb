import type { ErrorType } from "../model/outcome.ts";
import type { Define } from "./define.ts";
import type { Scenario } from "./scenario.ts";
import { at, JSON_HEADERS } from "./writes.ts";

/** A refusal with an HTTP status. */
export interface HttpFailure {
  readonly name: string;
  readonly title: string;
  readonly status: number;
  readonly errorType: ErrorType;
  /** The whole body, as the provider writes it. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of status 400 or more, 50 ms after the request. */
export function httpFailure(define: Define, { name, title, status, errorType, body, headers }: HttpFailure): Scenario {
  return define({
    name,
    title,
    status,
    headers: { ...JSON_HEADERS, ...headers },
    writes: [at(50, JSON.stringify(body))],
    end: { kind: "end", atMs: 50 },
    truth: { outcome: "error", errorType, durationSeconds: 0.05, estimated: false, stallCount: 0 },
  });
}
