import { createServer } from "node:http";
import { LIMITS } from "@nexent/monitor-core";
import { readJsonBody } from "../exact-server/request-body.ts";
import { boundPort } from "../processes/bound-port.ts";
import type { ObservedRecord } from "./evidence.ts";
import { readObservedRecords } from "./otlp-json.ts";

/** A small OTLP/HTTP receiver in this process (JSON only) that keeps the LLM records it gets. */
export interface OtlpSink {
  /** Base address for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** All records so far, in the order they came. */
  readonly records: readonly ObservedRecord[];
  /** Payloads that were refused, by reason. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const records: ObservedRecord[] = [];
  const refused: string[] = [];
  const server = createServer((request, response) => {
    void readJsonBody(request, LIMITS.ingestJsonBytes).then((body) => {
      const status = take(body.status === "ok" ? body.value : undefined, records, refused);
      response.writeHead(status, { "content-type": "application/json" });
      response.end("{}");
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return {
    endpoint: `http://127.0.0.1:${boundPort(server)}`,
    records,
    refused,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function take(payload: unknown, records: ObservedRecord[], refused: string[]): number {
  try {
    records.push(...readObservedRecords(payload));
    return 200;
  } catch (error) {
    refused.push(error instanceof Error ? error.message : String(error));
    return 400;
  }
}
