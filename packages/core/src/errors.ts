/** A row of the error table: HTTP status, process exit code and the default remedy. */
export interface ErrorDefinition {
  readonly httpStatus?: number;
  readonly exitCode?: number;
  readonly when: string;
}

/** Every fault the product reports. Expected outcomes are values; these are for what a caller must be told. */
export const ERROR_CODES = {
  CONFIG_INVALID: { exitCode: 78, when: "a setting is wrong; all bad keys are in one message" },
  PORT_IN_USE: { exitCode: 75, when: "another process listens on a port we need" },
  DATA_DIR_LOCKED: { exitCode: 75, when: "another server holds the data folder" },
  DATA_DIR_UNUSABLE: { exitCode: 73, when: "the data folder cannot be created, read or written" },
  DATA_DIR_TOO_NEW: { exitCode: 65, when: "the data folder was written by a newer version; nothing is touched" },
  JOURNAL_SYNC_FAILED: { httpStatus: 503, exitCode: 74, when: "fsync failed; nothing was acknowledged" },
  STORE_FULL: { httpStatus: 503, when: "the disk is nearly full; refused before it breaks" },
  STORE_UNAVAILABLE: { httpStatus: 503, when: "the store cannot take or answer anything now" },
  INGEST_OVERLOADED: { httpStatus: 429, when: "in-flight bytes or memory budget reached; send slower" },
  PAYLOAD_TOO_LARGE: { httpStatus: 413, when: "a body beyond its limit; not retryable" },
  PAYLOAD_MALFORMED: { httpStatus: 400, when: "a body that cannot be read; not retryable" },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, when: "a content type or encoding we do not take" },
  QUERY_INVALID: { httpStatus: 400, when: "a query parameter is wrong" },
  QUERY_TIMEOUT: { httpStatus: 503, when: "a query ran longer than its limit" },
  NOT_FOUND: { httpStatus: 404, when: "there is nothing under this address" },
  CAPABILITY_MISSING: { httpStatus: 501, when: "refused rather than approximated" },
  UNAUTHENTICATED: { httpStatus: 401, when: "no valid session or token" },
  FORBIDDEN: { httpStatus: 403, when: "this session or origin may not do that" },
  RATE_LIMITED: { httpStatus: 429, when: "too many sign-in attempts; wait" },
  MISDIRECTED: { httpStatus: 421, when: "the Host header names a host we do not serve" },
  UPSTREAM_UNREACHABLE: { httpStatus: 502, when: "the gateway could not reach the upstream" },
  UPSTREAM_TIMEOUT: { httpStatus: 504, when: "the upstream did not accept a connection in time" },
  GATEWAY_OVERLOADED: { httpStatus: 503, when: "open requests or buffered bytes of the gateway reached their bound" },
  GATEWAY_DRAINING: { httpStatus: 503, when: "the gateway is shutting down" },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A fault with a stable code and, in `hint`, the remedy in one sentence. */
export class MonitorError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MonitorError";
    this.code = code;
    this.hint = options.hint;
  }
}
