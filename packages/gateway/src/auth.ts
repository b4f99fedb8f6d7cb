/**
 * Gateway tokens: who may use the gateway. A token never travels upstream, wherever the client put it; a held
 * provider key replaces whatever credential came with the request (gateway contract 10).
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Places where client libraries put a provider's key. */
const CREDENTIAL_HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;
const TOKEN_HEADER = "x-nexent-token";

/** A request that may pass, and what must be changed on the way. */
export interface Admission {
  readonly admitted: boolean;
  /** Header names in lower case that must not travel. */
  readonly omit: ReadonlySet<string>;
  /** Query without a token in `key`; starts with `?` or is empty. */
  readonly query: string;
}

/** Checks requests against the configured tokens. */
export interface Gatekeeper {
  /** `held`: the upstream's key is the gateway's own, so that no credential of the client may pass. */
  admit(rawHeaders: readonly string[], query: string, held: boolean): Admission;
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value, "latin1").digest();
}

function bearer(value: string): string {
  return /^bearer\s+/i.test(value) ? value.replace(/^bearer\s+/i, "").trim() : value.trim();
}

/** `query` without the `key` parameters whose value `isToken`. */
function withoutTokenKey(query: string, isToken: (value: string) => boolean): { query: string; found: boolean } {
  if (!query.startsWith("?key=") && !query.includes("&key=")) return { query, found: false };
  const pairs = query.slice(1).split("&");
  const kept = pairs.filter((pair) => !(pair.startsWith("key=") && isToken(pair.slice(4))));
  if (kept.length === pairs.length) return { query, found: false };
  return { query: kept.length === 0 ? "" : `?${kept.join("&")}`, found: true };
}

const NOTHING: ReadonlySet<string> = new Set();

/** A gatekeeper for `tokens`; without tokens everybody is admitted and nothing is changed. */
export function createGatekeeper(tokens: readonly string[]): Gatekeeper {
  const digests = tokens.map(digest);

  function isToken(value: string): boolean {
    const candidate = digest(value);
    // No early exit: the time must not tell which token was near.
    return digests.reduce((found, known) => timingSafeEqual(known, candidate) || found, false);
  }

  if (digests.length === 0) return { admit: (_raw, query) => ({ admitted: true, omit: NOTHING, query }) };
  return {
    admit(rawHeaders, query, held) {
      const omit = new Set<string>([TOKEN_HEADER]);
      let admitted = false;
      for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = (rawHeaders[i] ?? "").toLowerCase();
        const credential = CREDENTIAL_HEADERS.some((known) => known === name);
        if (!credential && name !== TOKEN_HEADER) continue;
        const token = isToken(bearer(rawHeaders[i + 1] ?? ""));
        if (token) admitted = true;
        if (credential && (token || held)) omit.add(name);
      }
      const cleaned = withoutTokenKey(query, isToken);
      return { admitted: admitted || cleaned.found, omit, query: cleaned.query };
    },
  };
}
