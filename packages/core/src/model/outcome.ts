/** How a request ended; every observed request ends in exactly one (measurement contract 1.4). */
export const OUTCOMES = ["ok", "error", "cancelled", "abandoned"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The closed list of `error_type` values, used for the label, for `error.type` and in the API alike. */
export const ERROR_TYPES = [
  "timeout",
  "rate_limited",
  "quota",
  "auth",
  "not_found",
  "invalid_request",
  "overloaded",
  "server_error",
  "connection",
  "stream_interrupted",
  "stream_error",
  "protocol",
  "application",
  "unknown",
] as const;
export type ErrorType = (typeof ERROR_TYPES)[number];

/** Maps an HTTP status of 400 or more to its error type; 3xx and below give `protocol` (an answer nobody can read). */
export function errorTypeOfStatus(status: number): ErrorType {
  if (status < 400) return "protocol";
  if (status === 408 || status === 504) return "timeout";
  if (status === 429) return "rate_limited";
  if (status === 402) return "quota";
  if (status === 401 || status === 403) return "auth";
  if (status === 404) return "not_found";
  if (status === 503 || status === 529) return "overloaded";
  return status < 500 ? "invalid_request" : "server_error";
}

/** Names of the errors that clients of providers throw, as other SDKs write them into `error.type`. */
const ERROR_NAMES: ReadonlyMap<string, ErrorType> = new Map([
  ["RateLimitError", "rate_limited"],
  ["AuthenticationError", "auth"],
  ["PermissionDeniedError", "auth"],
  ["NotFoundError", "not_found"],
  ["BadRequestError", "invalid_request"],
  ["ConflictError", "invalid_request"],
  ["UnprocessableEntityError", "invalid_request"],
  ["OverloadedError", "overloaded"],
  ["InternalServerError", "server_error"],
  ["APIConnectionError", "connection"],
  ["APIConnectionTimeoutError", "timeout"],
  ["APITimeoutError", "timeout"],
  ["TimeoutError", "timeout"],
]);

/** Error type of the name of a class, qualified or not, as `openai.RateLimitError`; undefined for one nobody knows. */
export function errorTypeOfName(name: string): ErrorType | undefined {
  return ERROR_NAMES.get(name.slice(name.lastIndexOf(".") + 1));
}
