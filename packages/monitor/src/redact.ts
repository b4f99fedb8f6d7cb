const MESSAGE_CHARS = 256;
/** Only this much of a message is looked at: patterns stay linear and a 100 MB message costs nothing. */
const SCAN_CHARS = 2048;

/** What must not leave the process in any text: keys, credentials in URLs. Bounded, so that no text takes long. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:sk|pk|rk|xai|gsk|hf|ghp|glpat)[-_][A-Za-z0-9_-]{8,}/g, "[key]"],
  [/\bAIza[A-Za-z0-9_-]{10,}/g, "[key]"],
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}/g, "[token]"],
  [/\b(bearer|basic)\s+[^\s,;"']+/gi, "$1 [key]"],
  [/\b(api[-_]?key|token|key|secret|password|authorization)(["']?\s*[:=]\s*["']?)[^\s,;&"']+/gi, "$1$2[key]"],
  [/(\b\w{1,32}:\/\/)[^\s/@]{1,512}@/g, "$1[credentials]@"],
  [/(\b\w{1,32}:\/\/[^\s?#]{1,1024})\?[^\s#]*/g, "$1?[query]"],
];
const QUOTES: readonly [RegExp, string] = [/"[^"]{33,}"?|'[^']{33,}'?|`[^`]{33,}`?/g, "[quoted text]"];

/** What every one of the patterns needs: most texts have none of it, and are looked through once. */
const SUSPECT = /(?:sk|pk|rk|xai|gsk|hf|ghp|glpat)[-_]|AIza|eyJ|bearer|basic|[:=?@"'`]/i;

/** A text without what looks like a key, a token or a password. */
export function redactSecrets(text: string): string {
  return SECRETS.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}

/** A message without secrets and long quotes (an error may echo the prompt), at most 256 characters. */
export function redactMessage(message: string): string {
  const scanned = message.slice(0, SCAN_CHARS);
  const text = SUSPECT.test(scanned) ? redactSecrets(scanned).replace(...QUOTES) : scanned;
  return text.length > MESSAGE_CHARS ? `${text.slice(0, MESSAGE_CHARS - 1)}…` : text;
}

/** A property of a value that may be anything, a hostile getter included. */
export function safeProperty(value: unknown, name: string | symbol): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  try {
    return Reflect.get(value, name);
  } catch {
    // A throwing getter or a revoked Proxy is the host's business; we only fail to see the property.
    return undefined;
  }
}

/** Type and redacted message of whatever was thrown. */
export function describeThrown(error: unknown): { readonly type: string; readonly message: string } {
  const name = safeProperty(safeProperty(error, "constructor"), "name") ?? safeProperty(error, "name");
  const message = typeof error === "string" ? error : safeProperty(error, "message");
  return {
    type: typeof name === "string" && name !== "" ? name.slice(0, 100) : typeof error,
    message: typeof message === "string" ? redactMessage(message) : "",
  };
}
