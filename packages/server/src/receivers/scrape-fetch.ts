import { LIMITS } from "@nexent/monitor-core";
import type { TextFormat } from "../codecs/exposition-model.ts";

/** OpenMetrics first: only there counters say when they began and exemplars exist. */
const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/** What a target answered. */
export interface ScrapedText {
  readonly text: string;
  readonly format: TextFormat;
}

/** Why a scrape gave nothing; the message is for logs and names no content. */
export class ScrapeError extends Error {
  override readonly name = "ScrapeError";
}

/**
 * Reads a target once. gzip is undone on the way; the limit is that of the unpacked bytes.
 * @throws {ScrapeError} for a status, a content type or a size that is not taken; else what `fetch` throws.
 */
export async function fetchExposition(url: string, timeoutMs: number, signal: AbortSignal): Promise<ScrapedText> {
  const response = await fetch(url, {
    headers: {
      accept: ACCEPT,
      "accept-encoding": "gzip",
      "user-agent": "nexent-monitor",
      "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000),
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const format = formatOf(response.headers.get("content-type"));
  if (response.status !== 200 || format === undefined) {
    await response.body?.cancel();
    throw new ScrapeError(
      response.status === 200 ? "the content type is none of an exposition" : `status ${response.status}`,
    );
  }
  return { text: await readText(response), format };
}

/** By content type; without one, the older text as Prometheus 2 took it. */
function formatOf(contentType: string | null): TextFormat | undefined {
  const [type = ""] = (contentType ?? "text/plain").toLowerCase().split(";");
  if (type.trim() === "application/openmetrics-text") return "openmetrics";
  return ["text/plain", "text/*", ""].includes(type.trim()) ? "text" : undefined;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > LIMITS.scrapeBytes) throw new ScrapeError(`more than ${LIMITS.scrapeBytes} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    // Invalid bytes would make two series one.
    if (error instanceof TypeError && "code" in error && error.code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      throw new ScrapeError("the answer is not UTF-8");
    throw error;
  }
}
