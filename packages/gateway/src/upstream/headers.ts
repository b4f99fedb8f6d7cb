/** Raw headers both ways: order, case and duplicates are kept; what belongs to one hop is removed (gateway contract 5.6). */

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** What the upstream connection frames itself, and what is answered here. */
const OURS_UPSTREAM = new Set(["host", "expect", "content-length"]);

/** Names listed in `Connection` headers, lower case; nothing allocated in the usual case of none or `keep-alive`. */
function connectionNamed(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== "connection") continue;
    for (const token of (raw[i + 1] ?? "").split(",")) {
      const name = token.trim().toLowerCase();
      if (name === "" || name === "keep-alive" || name === "close") continue;
      named ??= new Set();
      named.add(name);
    }
  }
  return named;
}

function isHopByHop(name: string, named: ReadonlySet<string> | undefined): boolean {
  return HOP_BY_HOP.has(name) || name.startsWith("proxy-") || named?.has(name) === true;
}

/** What a request needs besides the client's own headers. */
export interface RequestHeaderChanges {
  /** Ask for an uncompressed answer, so that a stream can be read. */
  readonly identityEncoding: boolean;
  /** Declared length of a streamed body. */
  readonly contentLength?: string;
  /** Header names (lower case) that must not travel: gateway tokens and replaced credentials. */
  readonly omit?: ReadonlySet<string>;
  /** Headers set in their place, as name and value in turn. */
  readonly add?: readonly string[];
}

/** Headers for the upstream, as name and value in turn. */
export function upstreamHeaders(raw: readonly string[], changes: RequestHeaderChanges): string[] {
  const named = connectionNamed(raw);
  const out: string[] = [];
  let encodingSet = !changes.identityEncoding;
  for (let i = 0; i < raw.length; i += 2) {
    const key = raw[i] ?? "";
    const name = key.toLowerCase();
    if (isHopByHop(name, named) || OURS_UPSTREAM.has(name) || changes.omit?.has(name) === true) continue;
    if (changes.identityEncoding && name === "accept-encoding") {
      if (!encodingSet) out.push(key, "identity");
      encodingSet = true;
      continue;
    }
    out.push(key, raw[i + 1] ?? "");
  }
  if (!encodingSet) out.push("accept-encoding", "identity");
  if (changes.contentLength !== undefined) out.push("content-length", changes.contentLength);
  if (changes.add !== undefined) out.push(...changes.add);
  return out;
}

/** A response head, ready to be written, with the values the relay decides by. */
export interface RelayedHead {
  readonly status: number;
  readonly statusMessage: string;
  /** Name and value in turn. */
  readonly headers: string[];
  /** Media type in lower case without parameters; empty when absent. */
  readonly mediaType: string;
  /** Whether the body comes piece by piece. */
  readonly streamed: boolean;
  /** Content coding in lower case; empty for identity. */
  readonly contentEncoding: string;
}

const STREAMED_TYPES = new Set([
  "text/event-stream",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
  "application/stream+json",
]);

/** Whether a body of this type is JSON. */
export function isJsonType(mediaType: string): boolean {
  return /^application\/([\w.+-]+\+)?json$/.test(mediaType);
}

/**
 * Turns an upstream's raw head into ours. Streams get `X-Accel-Buffering: no` unless the upstream sent its own value.
 * @param streamsJson JSON of this endpoint is a stream as well: one array, element by element.
 */
export function relayedHead(
  status: number,
  statusMessage: string,
  rawHeaders: readonly Buffer[],
  streamsJson = false,
): RelayedHead {
  const raw = rawHeaders.map((part) => part.toString("latin1"));
  const named = connectionNamed(raw);
  const headers: string[] = [];
  let mediaType = "";
  let contentEncoding = "";
  let accelBuffering = false;
  for (let i = 0; i < raw.length; i += 2) {
    const key = raw[i] ?? "";
    const value = raw[i + 1] ?? "";
    const name = key.toLowerCase();
    if (isHopByHop(name, named)) continue;
    if (name === "content-type") mediaType = (value.split(";", 1)[0] ?? "").trim().toLowerCase();
    else if (name === "content-encoding") contentEncoding = value.trim().toLowerCase();
    else if (name === "x-accel-buffering") accelBuffering = true;
    headers.push(key, value);
  }
  if (contentEncoding === "identity") contentEncoding = "";
  const streamed = STREAMED_TYPES.has(mediaType) || (streamsJson && status < 300 && isJsonType(mediaType));
  if (!accelBuffering && streamed) headers.push("X-Accel-Buffering", "no");
  return { status, statusMessage, headers, mediaType, streamed, contentEncoding };
}

/** Removes `Content-Length`: the body is about to change its size. */
export function withoutContentLength(headers: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== "content-length") out.push(headers[i] ?? "", headers[i + 1] ?? "");
  }
  return out;
}
