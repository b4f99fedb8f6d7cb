/** Headers of every answer of the dashboard listener (reliability contract 7.5). */
const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
};

/** Headers of everything that is no page: nothing may run, nothing is kept. */
export const PLAIN_HEADERS: Readonly<Record<string, string>> = {
  ...ALWAYS,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
};

/** Headers of a page; styles need the nonce that the page was made with. */
export function pageHeaders(nonce: string): Readonly<Record<string, string>> {
  return {
    ...ALWAYS,
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
      "img-src 'self' data:",
      "connect-src 'self'",
      "worker-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join("; "),
    "cache-control": "no-store",
  };
}

/** Headers of a static file; a hashed name never changes its content. */
export function fileHeaders(isHashed: boolean): Readonly<Record<string, string>> {
  return { ...PLAIN_HEADERS, "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-store" };
}
