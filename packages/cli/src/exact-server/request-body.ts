import type { IncomingMessage } from "node:http";
import { jsonDepthExceeds, LIMITS } from "@nexent/monitor-core";

/** A parsed JSON body, or the reason why there is none. */
export type BodyReading =
  | { readonly status: "ok"; readonly value: unknown }
  | { readonly status: "too_large" | "malformed" | "gone" };

/** Reads and parses a JSON body of at most `limitBytes` (default 8 MiB). Never rejects. */
export async function readJsonBody(
  request: IncomingMessage,
  limitBytes: number = LIMITS.gatewayBufferedBodyBytes,
): Promise<BodyReading> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limitBytes) return { status: "too_large" };
      parts.push(part);
    }
  } catch {
    // The client went away while sending; there is nobody to answer.
    return { status: "gone" };
  }
  const text = Buffer.concat(parts).toString("utf8");
  if (jsonDepthExceeds(text, LIMITS.jsonNestingBrackets)) return { status: "malformed" };
  try {
    return { status: "ok", value: JSON.parse(text) };
  } catch {
    return { status: "malformed" };
  }
}
