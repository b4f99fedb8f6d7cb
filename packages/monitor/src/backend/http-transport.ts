import type { Agent, IncomingMessage, request as requestOverHttp } from "node:http";
import { LIMITS } from "@nexent/monitor-core";
import { gzipAsync } from "./gzip.ts";
import { failureOf, refusalOf, retryable, type SendOutcome, type Transport } from "./transport.ts";

export interface HttpTransportOptions {
  readonly url: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
  /** Outcome of a success by its body, which may be cut; default: accepted. */
  readonly readAnswer?: (body: Uint8Array) => SendOutcome;
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  return /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
}

/** Reads the answer to its end, so that the connection can be used again; a flood is cut. */
function readBody(response: IncomingMessage, done: (body: Uint8Array) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= LIMITS.exporterAnswerBytes) chunks.push(chunk);
    else response.destroy();
  });
  response.on("error", () => undefined);
  response.on("close", () => done(Buffer.concat(chunks)));
}

/**
 * Posts bodies over HTTP. Sockets and timers are unref'd: an export never keeps the host process alive, and redirects
 * are not followed, so that headers with a key go nowhere else.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { timeoutMs, readAnswer = () => ({ status: "accepted" }) } = options;
  const url = new URL(options.url);
  const secure = url.protocol === "https:";
  // Loaded by the first export: an application that never exports must not pay for it at its start.
  const load = () => (secure ? import("node:https") : import("node:http"));
  let http: Awaited<ReturnType<typeof load>> | undefined;
  let agent: Agent | undefined;

  function settle(response: IncomingMessage, resolve: (outcome: SendOutcome) => void): void {
    const status = response.statusCode ?? 0;
    readBody(response, (body) => {
      if (status >= 200 && status < 300) resolve(readAnswer(body));
      else resolve(refusalOf(status, retryAfterMs(response.headers["retry-after"])));
    });
  }

  function post(
    open: typeof requestOverHttp,
    body: Uint8Array,
    signal: AbortSignal,
    again = true,
  ): Promise<SendOutcome> {
    return new Promise((resolve) => {
      const headers: Record<string, string | number> = {
        ...options.headers,
        "content-type": options.contentType,
        "content-length": body.byteLength,
      };
      if (options.gzip) headers["content-encoding"] = "gzip";
      const init = { method: "POST", headers, agent, signal };
      let answered = false;
      const answer = (response: IncomingMessage): void => {
        answered = true;
        settle(response, resolve);
      };
      const request = open(url, init, answer);
      request.on("socket", (socket) => socket.unref());
      request.on("error", (error) => {
        // What the status has said holds, even if the rest of the answer never comes.
        if (answered) return;
        // The receiver may close an idle connection in the moment it is used again.
        if (request.reusedSocket && again && !signal.aborted) resolve(post(open, body, signal, false));
        // An abort says only that there was one; its reason says whether time was up.
        else resolve(retryable(failureOf(signal.aborted ? signal.reason : error)));
      });
      request.end(body);
    });
  }

  return {
    async send(body, signal) {
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        http ??= await load();
        agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 });
        return await post(http.request, options.gzip ? await gzipAsync(body) : body, limit);
      } catch (error) {
        // A header Node refuses to write, for instance: trying again cannot help.
        return { status: "refused", reason: failureOf(error) };
      }
    },
    close: () => agent?.destroy(),
  };
}
