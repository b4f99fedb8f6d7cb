import { inFlightSchema, type OpenCalls } from "@nexent/monitor-api";
import type { ServerConfig } from "../config.ts";

/** Longest wait for the gateway; its workers are given half of it. */
const ASK_MS = 2_000;
/** 500 calls of a few hundred bytes. */
const ANSWER_BYTES = 1024 * 1024;

const NOT_KNOWN: OpenCalls = { calls: [] };

async function bodyText(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString("utf8");
    size += value.byteLength;
    if (size > ANSWER_BYTES) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

/** Asks the gateway for its open calls. Never rejects: a gateway that is away, or not ours, leaves the number unknown. */
export function createGatewayView({
  gatewayUrl,
  readToken,
}: Pick<ServerConfig, "gatewayUrl" | "readToken">): () => Promise<OpenCalls> {
  const headers = { accept: "application/json", ...(readToken !== undefined && { "x-nexent-token": readToken }) };
  return async () => {
    try {
      const signal = AbortSignal.timeout(ASK_MS);
      const response = await fetch(`${gatewayUrl}/inflight`, { headers, signal, redirect: "error" });
      const text = response.ok ? await bodyText(response) : undefined;
      if (text === undefined) return NOT_KNOWN;
      const { observed, total, calls } = inFlightSchema.parse(JSON.parse(text));
      return observed ? { total, calls } : NOT_KNOWN;
    } catch {
      return NOT_KNOWN;
    }
  };
}
