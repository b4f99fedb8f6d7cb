import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Whether a text is a named token of one scope that was not revoked. */
export type VerifyToken = (token: string) => boolean;

/** Judges the token of a request. */
export interface TokenCheck {
  /** Whether the request may pass; everybody may where no token is configured. */
  allows(headers: IncomingHttpHeaders): boolean;
  /** Whether the request carries a valid token, be one asked for or not. */
  isPresented(headers: IncomingHttpHeaders): boolean;
}

const BEARER = "bearer ";

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Checks `Authorization: Bearer` or `x-api-key`, the configured token in constant time; never a query string.
 * @param token the configured one; without it everybody passes (loopback only, see the configuration).
 * @param isNamed named tokens open what the configured token opens; making one never closes an open door.
 */
export function createTokenCheck(token: string | undefined, isNamed: VerifyToken = () => false): TokenCheck {
  const expected = token === undefined ? undefined : digest(token);
  const isPresented = (headers: IncomingHttpHeaders): boolean => {
    const given = presentedToken(headers);
    if (given === undefined) return false;
    return (expected !== undefined && timingSafeEqual(digest(given), expected)) || isNamed(given);
  };
  return { allows: (headers) => expected === undefined || isPresented(headers), isPresented };
}

function presentedToken({ authorization, "x-api-key": apiKey }: IncomingHttpHeaders): string | undefined {
  if (authorization?.toLowerCase().startsWith(BEARER) === true) return authorization.slice(BEARER.length).trim();
  return typeof apiKey === "string" ? apiKey : undefined;
}
