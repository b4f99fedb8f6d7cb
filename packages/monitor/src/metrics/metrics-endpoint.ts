import { negotiateExposition } from "@nexent/monitor-core";
import { manager } from "../manager.ts";
import {
  acceptsGzip,
  answerMetrics,
  expositionHeaders,
  isRead,
  type IncomingMessageLike,
  type ServerResponseLike,
} from "./metrics-answer.ts";

/**
 * A handler for `/metrics` in a server of `node:http`, Express or Connect: negotiates the format, compresses when
 * accepted. While monitoring is off it shows the state family only.
 * @example
 * app.get("/metrics", metricsHandler());
 */
export function metricsHandler(): (request: IncomingMessageLike, response: ServerResponseLike) => void {
  return (request, response) => answerMetrics(request, response, (format) => manager.metricsText(format));
}

/**
 * The answer to a scrape for hosts that speak `Request` and `Response`.
 * @example
 * export const GET = (request: Request) => metricsResponse(request);
 */
export function metricsResponse(request: Request): Response {
  if (!isRead(request.method)) return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
  const { format, contentType } = negotiateExposition(request.headers.get("accept") ?? undefined);
  const headers = expositionHeaders(contentType);
  const text = manager.metricsText(format);
  if (request.method === "HEAD") return new Response(null, { headers });
  const { body } = new Response(text);
  if (body === null || !acceptsGzip(request.headers.get("accept-encoding"))) return new Response(text, { headers });
  const compressed = body.pipeThrough(new CompressionStream("gzip"));
  return new Response(compressed, { headers: { ...headers, "Content-Encoding": "gzip" } });
}
