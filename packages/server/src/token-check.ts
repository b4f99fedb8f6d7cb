import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Whether a request carries the token of a listener. */
export type TokenCheck = (headers: IncomingHttpHeaders) => boolean;

const BEARER = "bearer ";

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Checks `Authorization: Bearer` or `x-api-key` against a token in constant time; never a query string.
 * @param token without one everybody passes (loopback only, see the configuration).
 */
export function createTokenCheck(token: string | undefined): TokenCheck {
  if (token === undefined) return () => true;
  const expected = digest(token);
  const matches = (given: string): boolean => timingSafeEqual(digest(given), expected);
  return ({ authorization, "x-api-key": apiKey }) => {
    if (authorization?.toLowerCase().startsWith(BEARER) === true)
      return matches(authorization.slice(BEARER.length).trim());
    return typeof apiKey === "string" && matches(apiKey);
  };
}
