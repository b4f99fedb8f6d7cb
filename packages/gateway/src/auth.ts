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
  /** Query without a `key` that must not travel; starts with `?` or is empty. */
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

/** A query parameter as its reader understands it; as it stands when it is badly encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `query` without the `key` parameters that must not travel. */
function withoutKeys(query: string, mustGo: (value: string) => boolean): string {
  const pairs = query.slice(1).split("&");
  const kept = pairs.filter((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 || decoded(pair.slice(0, equals)) !== "key" || !mustGo(decoded(pair.slice(equals + 1)));
  });
  if (kept.length === pairs.length) return query;
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
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
      const cleaned = withoutKeys(query, (value) => {
        const token = isToken(value);
        if (token) admitted = true;
        return token || held;
      });
      return { admitted, omit, query: cleaned };
    },
  };
}
