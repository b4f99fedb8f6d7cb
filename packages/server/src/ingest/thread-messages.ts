import type { ErrorCode } from "@nexent/monitor-core";
import type { PreparedSpans } from "./prepare-traces.ts";
import type { TraceRequest } from "./trace-request.ts";

/** A request for the thread; its bytes are handed over. */
export interface ThreadRequest {
  readonly id: number;
  readonly request: TraceRequest;
  /** Wall clock. */
  readonly nowMs: number;
}

/** What the thread says, first of all that it can be asked. */
export type ThreadAnswer =
  | { readonly kind: "ready" }
  /** A slice of a request; its bytes are handed over. Nothing follows the last one. */
  | { readonly kind: "prepared"; readonly id: number; readonly prepared: PreparedSpans; readonly isLast: boolean }
  /** The request cannot be taken. */
  | { readonly kind: "refused"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** A programming error of ours. */
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
