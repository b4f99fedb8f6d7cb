/** How `/metrics` is answered: format by `Accept`, gzip when accepted (measurement contract 4.4). */
import { negotiateExposition, type ExpositionFormat } from "@nexent/monitor-core";

/** What is read of a request of `node:http`. */
export interface IncomingMessageLike {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What is used of a response of `node:http`. */
export interface ServerResponseLike {
  readonly destroyed?: boolean;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body?: string | Uint8Array): unknown;
}

/** Headers of every answer: a scrape is nobody's document and never cached. */
const COMMON = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Whether an `Accept-Encoding` takes gzip; `q=0` refuses it. */
export function acceptsGzip(accepted: string | null | undefined): boolean {
  return typeof accepted === "string" && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted);
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Headers of an exposition; `Vary`, because its form depends on what was accepted. */
export function expositionHeaders(contentType: string): Record<string, string> {
  return { ...COMMON, "Content-Type": contentType, Vary: "Accept, Accept-Encoding" };
}

/** Sends the exposition to a scraper. `expose` gives its text. */
export function sendExposition(
  request: IncomingMessageLike,
  response: ServerResponseLike,
  expose: (format: ExpositionFormat) => string,
): void {
  const { format, contentType } = negotiateExposition(single(request.headers["accept"]));
  const text = expose(format);
  const headers = expositionHeaders(contentType);
  const send = (body: string | Uint8Array, more: Record<string, string> = {}): void => {
    response.writeHead(200, { ...headers, ...more, "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  };
  if (!acceptsGzip(single(request.headers["accept-encoding"]))) {
    send(text);
    return;
  }
  // In the thread pool: a scrape must not delay a time stamp. Loaded here, as most applications are never asked.
  process.getBuiltinModule("node:zlib").gzip(text, (error, body) => {
    if (response.destroyed === true) return;
    if (error === null) send(body, { "Content-Encoding": "gzip" });
    else send(text);
  });
}

/** Whether a method reads: everything else is refused. */
export function isRead(method: string | undefined): boolean {
  return method === "GET" || method === "HEAD";
}

/** Answers a request for `/metrics`. `expose` gives the text of the exposition. */
export function answerMetrics(
  request: IncomingMessageLike,
  response: ServerResponseLike,
  expose: (format: ExpositionFormat) => string,
): void {
  if (isRead(request.method)) sendExposition(request, response, expose);
  else sendStatus(response, 405, { Allow: "GET, HEAD" });
}

/** Answers with a status alone. */
export function sendStatus(response: ServerResponseLike, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...COMMON, ...headers, "Content-Length": 0 });
  response.end();
}
