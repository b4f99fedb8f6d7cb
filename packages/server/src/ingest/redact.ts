/** Removes secrets from telemetry before it is kept. No backtracking: the text is hostile and may be long. */

import { LIMITS } from "@nexent/monitor-core";

const REDACTED = "[redacted]";

/** Last segments of attribute keys whose whole value is a secret, in snake_case. */
const SECRET_KEYS = new Set([
  "authorization",
  "proxy_authorization",
  "api_key",
  "apikey",
  "x_api_key",
  "x_goog_api_key",
  "x_nexent_token",
  "cookie",
  "set_cookie",
  "password",
  "passwd",
  "secret",
  "client_secret",
  "access_token",
  "refresh_token",
  "id_token",
  "auth_token",
  "private_key",
  "secret_key",
]);

/** Names of query parameters whose value is a secret. */
const SECRET_PARAMETERS = new Set(["key", "token", "sig", "signature", "auth", ...SECRET_KEYS]);

/** Prefixes that secret scanners know, with the shortest body that makes one. */
const SECRET_PREFIXES: readonly (readonly [prefix: string, minBody: number])[] = [
  ["sk-", 16],
  ["AIza", 30],
  ["ghp_", 20],
  ["gho_", 20],
  ["ghu_", 20],
  ["ghs_", 20],
  ["ghr_", 20],
  ["github_pat_", 20],
  ["AKIA", 16],
  ["ASIA", 16],
  ["nxm_ing_", 16],
  ["nxm_read_", 16],
  ["nxm_gw_", 16],
  ["nxm_adm_", 16],
];

const AUTH_SCHEMES: readonly string[] = ["Bearer ", "bearer ", "Basic ", "basic "];
const SHORTEST_CREDENTIAL = 8;
const SHORTEST_JWT = 30;
/** Lengths below which no rule of its kind can match. */
export const SHORTEST_WITH_PREFIX = Math.min(...SECRET_PREFIXES.map(([prefix, minBody]) => prefix.length + minBody));
export const SHORTEST_WITH_SCHEME = Math.min(...AUTH_SCHEMES.map((scheme) => scheme.length)) + SHORTEST_CREDENTIAL;
const KEY_BLOCK = "-----BEGIN ";
/** A rule can uncover a match of another one; texts settle after two rounds, the bound is a backstop. */
const MAX_ROUNDS = 8;

/** Keys repeat in every span: those that name no secret are remembered, a bounded number of them. */
const MAX_HARMLESS_KEYS = 4096;
const harmlessKeys = new Set<string>();

/** Whether a value under this attribute key is a secret as a whole, whatever it looks like. */
export function isSecretKey(key: string): boolean {
  if (harmlessKeys.has(key)) return false;
  const isSecret = SECRET_KEYS.has(lastSegment(key));
  if (!isSecret && key.length <= LIMITS.keyBytes) {
    if (harmlessKeys.size >= MAX_HARMLESS_KEYS) harmlessKeys.clear();
    harmlessKeys.add(key);
  }
  return isSecret;
}

function lastSegment(key: string): string {
  return key
    .slice(key.lastIndexOf(".") + 1)
    .toLowerCase()
    .replaceAll("-", "_");
}

/** The value that stands for a secret. */
export function redactedValue(): string {
  return REDACTED;
}

/** Text without keys, tokens, key blocks, URL credentials and secret query values. Idempotent; the same text if clean. */
export function redactText(text: string): string {
  let current = text;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = redactOnce(current);
    if (next === current) return current;
    current = next;
  }
  return current;
}

/** Most values are shorter than any secret that is found by its prefix, and cost two looks. */
function redactOnce(text: string): string {
  let out = text;
  if (out.length >= SHORTEST_WITH_PREFIX) out = redactPrefixed(out);
  if (out.length >= SHORTEST_WITH_SCHEME && out.includes(" ")) {
    for (const scheme of AUTH_SCHEMES) if (out.includes(scheme)) out = redactCredentials(out, scheme);
  }
  if (out.includes("://")) out = redactUserInfo(out);
  if (out.includes("=")) out = redactParameters(out);
  return out;
}

/** Every prefix, token and key block; a fixed list of literals, so the time is linear. */
const MAY_HAVE_PREFIX = new RegExp([KEY_BLOCK, "eyJ", ...SECRET_PREFIXES.map(([prefix]) => prefix)].join("|"));

function redactPrefixed(text: string): string {
  if (!MAY_HAVE_PREFIX.test(text)) return text;
  let out = text;
  if (out.includes(KEY_BLOCK)) out = redactKeyBlocks(out);
  for (const [prefix, minBody] of SECRET_PREFIXES) if (out.includes(prefix)) out = redactRuns(out, prefix, minBody, 0);
  if (out.includes("eyJ")) out = redactRuns(out, "eyJ", SHORTEST_JWT, 2);
  return out;
}

function isWordCode(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** Letters, digits, `_` and `-`; `.` too where a token has parts. */
function isTokenCode(code: number, dots: boolean): boolean {
  return isWordCode(code) || code === 95 || code === 45 || (dots && code === 46);
}

/** Replaces `prefix` + body where it stands on its own, the body is long enough and has at least `minDots` dots. */
function redactRuns(text: string, prefix: string, minBody: number, minDots: number): string {
  let out = "";
  let copied = 0;
  let from = 0;
  for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, from)) {
    from = at + prefix.length;
    if (at > 0 && isWordCode(text.charCodeAt(at - 1))) continue;
    let end = from;
    let dots = 0;
    while (end < text.length && isTokenCode(text.charCodeAt(end), minDots > 0)) {
      if (text.charCodeAt(end) === 46) dots++;
      end++;
    }
    const isSecret = end - from >= minBody && dots >= minDots;
    // A later start in the same run has a shorter body and no more dots: going on behind it keeps the scan linear.
    from = Math.max(from, end);
    if (!isSecret) continue;
    out += text.slice(copied, at) + REDACTED;
    copied = end;
  }
  return out + text.slice(copied);
}

function isSeparator(char: string): boolean {
  return char <= " " || char === '"' || char === "'" || char === "," || char === ";" || char === "<" || char === ">";
}

function endOfToken(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isSeparator(text[end] ?? " ")) end++;
  return end;
}

/** `Bearer xyz`: the credential after the scheme. */
function redactCredentials(text: string, scheme: string): string {
  let out = "";
  let copied = 0;
  for (let at = text.indexOf(scheme); at !== -1; at = text.indexOf(scheme, at + scheme.length)) {
    const start = at + scheme.length;
    if (at < copied || (at > 0 && isWordCode(text.charCodeAt(at - 1)))) continue;
    const end = endOfToken(text, start);
    if (end - start < SHORTEST_CREDENTIAL) continue;
    out += text.slice(copied, start) + REDACTED;
    copied = end;
  }
  return out + text.slice(copied);
}

/** `https://user:password@host`: everything between `://` and `@`. */
function redactUserInfo(text: string): string {
  let out = "";
  let copied = 0;
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    const start = at + 3;
    let end = start;
    while (end < text.length && !isAuthorityEnd(text[end] ?? " ")) end++;
    const authority = text.slice(start, end);
    const sign = authority.lastIndexOf("@");
    if (sign === -1 || start < copied) continue;
    out += text.slice(copied, start) + REDACTED;
    copied = start + sign;
  }
  return out + text.slice(copied);
}

function isAuthorityEnd(char: string): boolean {
  return isSeparator(char) || char === "/" || char === "?" || char === "#";
}

/** `?key=…` and `&api_key=…`: the value of a parameter with a secret name. */
function redactParameters(text: string): string {
  let out = "";
  let copied = 0;
  for (let equals = text.indexOf("="); equals !== -1; equals = text.indexOf("=", equals + 1)) {
    if (equals < copied || !SECRET_PARAMETERS.has(parameterBefore(text, equals))) continue;
    let end = equals + 1;
    while (end < text.length && !isParameterEnd(text[end] ?? " ")) end++;
    out += text.slice(copied, equals + 1) + REDACTED;
    copied = end;
  }
  return out + text.slice(copied);
}

/** Longest parameter name worth looking at. */
const NAME_CHARS = 32;

/** Name between `?` or `&` and the equals sign; empty when there is none. */
function parameterBefore(text: string, equals: number): string {
  for (let at = equals - 1; at >= 0 && equals - at <= NAME_CHARS; at--) {
    const char = text[at];
    if (char === "?" || char === "&") return lastSegment(text.slice(at + 1, equals));
    if (char === "=" || char === "/" || char === "#") return "";
  }
  return "";
}

function isParameterEnd(char: string): boolean {
  return isSeparator(char) || char === "&" || char === "#";
}

/** A PEM private key, up to its end line or the end of the text. */
function redactKeyBlocks(text: string): string {
  let out = "";
  let copied = 0;
  for (let at = text.indexOf(KEY_BLOCK); at !== -1; at = text.indexOf(KEY_BLOCK, at + KEY_BLOCK.length)) {
    const headEnd = text.indexOf("-----", at + KEY_BLOCK.length);
    const head = headEnd === -1 ? "" : text.slice(at, headEnd);
    if (at < copied || !head.endsWith("PRIVATE KEY")) continue;
    const foot = text.indexOf("-----END ", headEnd);
    const footEnd = foot === -1 ? -1 : text.indexOf("-----", foot + "-----END ".length);
    out += text.slice(copied, at) + REDACTED;
    copied = footEnd === -1 ? text.length : footEnd + 5;
  }
  return out + text.slice(copied);
}
