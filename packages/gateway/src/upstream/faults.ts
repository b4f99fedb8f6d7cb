import { errors } from "undici";

/** Why an upstream gave no complete answer. `timeout` is the connect limit. */
export type UpstreamFault = "timeout" | "connection";

const STALE_CODES = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** The `code` of an error, when it has one. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Sorts an error that came before the response head. */
export function faultOf(error: unknown): UpstreamFault {
  return error instanceof errors.ConnectTimeoutError || codeOf(error) === "ETIMEDOUT" ? "timeout" : "connection";
}

/** Whether an error looks like a keep-alive socket that the upstream had closed already (gateway contract 5.5). */
export function looksStale(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && STALE_CODES.has(code);
}
