import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";
import { listenOnLoopback } from "../../packages/gateway/src/testing/raw-client.testing.ts";

/** A receiver of telemetry that keeps every body and hands the request on. */
export interface RecordingProxy {
  readonly origin: string;
  /** Decompressed bodies so far. */
  readonly bodies: Buffer[];
  /** Until this is called, and when the target is gone, requests get 503. */
  forwardTo(origin: string): void;
  close(): Promise<void>;
}

export async function startRecordingProxy(): Promise<RecordingProxy> {
  const bodies: Buffer[] = [];
  let target: string | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      bodies.push(request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw);
      const headers = { ...request.headers };
      for (const name of ["host", "connection", "content-length", "transfer-encoding"]) delete headers[name];
      const sent = fetch(`${target ?? "http://127.0.0.1:9"}${request.url}`, {
        method: "POST",
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- headers of exporters are single strings
        headers: headers as Record<string, string>,
        body: new Uint8Array(raw),
      });
      sent.then(
        async (answer) => {
          const bytes = Buffer.from(await answer.arrayBuffer());
          response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
          response.end(bytes);
        },
        () => response.writeHead(503).end(),
      );
    });
  });
  const port = await listenOnLoopback(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    bodies,
    forwardTo(origin) {
      target = origin;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
