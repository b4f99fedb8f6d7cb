import { ERROR_CODES, MonitorError, type ErrorDefinition } from "@nexent/monitor-core";
import type { HostVerdict } from "../host-origin.ts";
import type { IngestAnswer } from "../ingest/ingest.ts";
import type { RefuseReason } from "../pipeline-events.ts";
import type { UnreadBody } from "./body.ts";

/** A whole request turned away, before any protocol has written it down. */
export interface Refusal {
  /** HTTP status; other protocols translate it. */
  readonly status: number;
  /** What is counted. */
  readonly reason: RefuseReason;
  /** What the sender is told. */
  readonly message: string;
  /** What the setup page shows: a content type, a limit. */
  readonly detail: string;
  /** When the sender may come back; absent = never with the same bytes. */
  readonly retryAfterMs?: number;
  readonly allow?: string;
}

/** A refusal that is final unless `extra` says when to come back. */
export function refusal(
  status: number,
  reason: RefuseReason,
  message: string,
  extra: Partial<Pick<Refusal, "detail" | "retryAfterMs" | "allow">> = {},
): Refusal {
  return { status, reason, message, detail: message, ...extra };
}

/** Of a host, an origin or headers that are not taken; undefined when they are. */
export function hostRefusal(verdict: HostVerdict): Refusal | undefined {
  if (verdict.allowed) return undefined;
  const reason = verdict.status === 400 ? "framing" : verdict.status === 421 ? "host" : "origin";
  return refusal(verdict.status, reason, verdict.reason);
}

/** Waits of refused senders are spread over this span, so that they do not come back together. */
const RETRY_MIN_MS = 1_000;
const RETRY_SPREAD_MS = 4_000;

/** A wait for a sender when nobody knows a better one. */
function retryAfterMs(): number {
  return RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS;
}

/** Of a body that could not be read whole. */
export function bodyRefusal(body: Exclude<UnreadBody, { kind: "gone" }>): Refusal {
  if (body.kind === "too_large") return refusal(413, "too_large", body.detail);
  if (body.kind === "malformed") return refusal(400, "malformed", body.detail);
  if (body.kind === "too_slow") return refusal(408, "too_slow", "the body came too slowly");
  return overloaded("too many bytes in flight; send slower");
}

/** Too much at once; the sender may come back in a moment. */
function overloaded(message: string, waitMs = retryAfterMs()): Refusal {
  return refusal(429, "overloaded", message, { retryAfterMs: waitMs });
}

/** Of a server that has too little memory left to take anything in. */
export function memoryRefusal(): Refusal {
  const message = "the server is short of memory; send slower";
  return refusal(429, "memory", message, { retryAfterMs: retryAfterMs() });
}

/** Of what the store said; undefined when something was kept or nothing had to be. */
export function answerRefusal(answer: IngestAnswer): Refusal | undefined {
  if (answer.status === "overloaded") return overloaded("the store is behind; send slower", answer.retryAfterMs);
  if (answer.status !== "unavailable") return undefined;
  const { error, retryAfterMs: waitMs } = answer;
  return refusal(503, "unavailable", error.message, { detail: error.code, retryAfterMs: waitMs });
}

/** Of an error of the codecs or ingest. @throws the error itself when it is a programming error of ours. */
export function errorRefusal(error: unknown): Refusal {
  if (!(error instanceof MonitorError)) throw error;
  const definition: ErrorDefinition = ERROR_CODES[error.code];
  const status = definition.httpStatus ?? 503;
  if (status === 413) return refusal(413, "too_large", error.message);
  if (status === 400) return refusal(400, "malformed", error.message);
  return refusal(503, "unavailable", error.message, { detail: error.code, retryAfterMs: retryAfterMs() });
}

/** Of a fault of ours: the sender may come back, the process stays. */
export function faultRefusal(): Refusal {
  return refusal(503, "unavailable", "the request could not be handled", { retryAfterMs: retryAfterMs() });
}
