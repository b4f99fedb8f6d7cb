import { LIMITS } from "@nexent/monitor-core";

/** What the receiver said to one body. */
export type SendOutcome =
  | {
      readonly status: "accepted";
      /** Items of the body that the receiver took and threw away; absent when it took all. */
      readonly rejected?: number;
    }
  | { readonly status: "retryable"; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly status: "refused"; readonly reason: string };

/** Sends one body at a time to one address. */
export interface Transport {
  /** Never rejects. An aborted send is `retryable`. */
  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome>;
  close(): void;
}

/** The only HTTP statuses an OTLP client may retry (500 is not among them); Jaeger's collector is treated alike. */
const RETRYABLE = new Set([429, 502, 503, 504]);

/** Outcome of an HTTP status that is no success. */
export function refusalOf(status: number, retryAfter: number | undefined): SendOutcome {
  const reason = `HTTP ${status}`;
  if (!RETRYABLE.has(status)) return { status: "refused", reason };
  return retryable(reason, retryAfter);
}

/** A failure that may pass. However long the receiver asks to wait, the wait is bounded. */
export function retryable(reason: string, retryAfterMs?: number): SendOutcome {
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return { status: "retryable", reason };
  return { status: "retryable", reason, retryAfterMs: Math.min(Math.max(retryAfterMs, 0), LIMITS.retryAfterMaxMs) };
}

/** Why a request failed below its protocol: the code that Node gives, never a message that may hold an address. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  // A call of HTTP/2 that ends with its connection says so, and why only in its cause.
  if (error.cause instanceof Error) return failureOf(error.cause);
  if (error.name === "TimeoutError") return "timed out";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
