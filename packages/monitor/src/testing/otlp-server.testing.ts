import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

/** One export request as it arrived. */
interface ReceivedExport {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Body after decompression. */
  readonly body: Buffer;
}

/** The parts of a span in OTLP JSON that tests look at. */
export interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly events: readonly { readonly name: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface OtlpServer {
  readonly url: string;
  readonly received: ReceivedExport[];
  /** Answers with this from now on; default 200. */
  answer(respond: (response: ServerResponse) => void): void;
  /** Spans of all JSON exports so far. */
  spans(): JsonSpan[];
  /** Resolves when at least `count` spans have arrived. */
  waitForSpans(count: number, timeoutMs?: number): Promise<JsonSpan[]>;
  close(): Promise<void>;
}

interface JsonExport {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: JsonSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

export function readExport(body: Buffer): JsonExport {
  const parsed: JsonExport = JSON.parse(body.toString("utf8"));
  return parsed;
}

/** Attributes of a span as plain values. */
export function attributesOf(span: Pick<JsonSpan, "attributes">): Record<string, unknown> {
  return Object.fromEntries(span.attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Record<string, unknown>): unknown {
  const [inner] = Object.values(value);
  if (typeof inner !== "object" || inner === null || !("values" in inner) || !Array.isArray(inner.values)) return inner;
  return inner.values.map((one: Record<string, unknown>) => plain(one));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A real OTLP/HTTP receiver on a free loopback port. */
export async function startOtlpServer(): Promise<OtlpServer> {
  const received: ReceivedExport[] = [];
  let respond = (response: ServerResponse): void => void response.writeHead(200).end("{}");
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      received.push({ path: request.url ?? "", headers: request.headers, body });
      respond(response);
    });
  });
  const port = await listen(server);
  const spans = (): JsonSpan[] =>
    received
      .filter(({ headers }) => headers["content-type"] === "application/json")
      .flatMap(({ body }) => readExport(body).resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    spans,
    answer(next) {
      respond = next;
    },
    async waitForSpans(count, timeoutMs = 5000) {
      const deadline = performance.now() + timeoutMs;
      while (spans().length < count && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      return spans();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
