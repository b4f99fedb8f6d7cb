import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { LIMITS } from "@nexent/monitor-core";

/** What the receiver said to one body. */
export type SendOutcome =
  | { readonly status: "accepted" }
  | { readonly status: "retryable"; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly status: "refused"; readonly reason: string };

/** Sends one body at a time to one address. */
export interface Transport {
  /** Never rejects. An aborted send is `retryable`. */
  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome>;
  close(): void;
}

export interface OtlpTransportOptions {
  readonly url: string;
  readonly contentType: "application/x-protobuf" | "application/json";
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

const gzipAsync = promisify(gzip);
/** The only statuses an OTLP client may retry (500 is not among them). */
const RETRYABLE = new Set([429, 502, 503, 504]);

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const delayMs = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(delayMs) ? Math.min(Math.max(delayMs, 0), LIMITS.retryAfterMaxMs) : undefined;
}

function outcomeOf(response: IncomingMessage): SendOutcome {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { status: "accepted" };
  const reason = `HTTP ${status}`;
  if (!RETRYABLE.has(status)) return { status: "refused", reason };
  const waitMs = retryAfterMs(response.headers["retry-after"]);
  return waitMs === undefined ? { status: "retryable", reason } : { status: "retryable", reason, retryAfterMs: waitMs };
}

/** Reads the answer to its end, so that the connection can be used again; a flood is cut. */
function drain(response: IncomingMessage, done: () => void): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LIMITS.exporterAnswerBytes) response.destroy();
  });
  response.on("close", done);
  response.on("error", done);
}

/**
 * Posts OTLP bodies over HTTP. Sockets and timers are unref'd: an export never keeps the host process alive, and
 * redirects are not followed, so that headers with a key go nowhere else.
 */
export function createOtlpTransport(options: OtlpTransportOptions): Transport {
  const url = new URL(options.url);
  const secure = url.protocol === "https:";
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1 })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });

  function post(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    return new Promise((resolve) => {
      const headers: Record<string, string | number> = {
        ...options.headers,
        "content-type": options.contentType,
        "content-length": body.byteLength,
      };
      if (options.gzip) headers["content-encoding"] = "gzip";
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      const init = { method: "POST", headers, agent, signal: limit };
      const answer = (response: IncomingMessage): void => drain(response, () => resolve(outcomeOf(response)));
      const request: ClientRequest = secure ? httpsRequest(url, init, answer) : httpRequest(url, init, answer);
      request.on("socket", (socket) => socket.unref());
      request.on("error", (error: NodeJS.ErrnoException) =>
        resolve({ status: "retryable", reason: error.code ?? error.message }),
      );
      request.end(body);
    });
  }

  return {
    async send(body, signal) {
      try {
        return await post(options.gzip ? await gzipAsync(body) : body, signal);
      } catch (error) {
        // A header Node refuses to write, for instance: trying again cannot help.
        return { status: "refused", reason: error instanceof Error ? error.message : "the request could not be made" };
      }
    },
    close: () => agent.destroy(),
  };
}
