import { gzipSync } from "node:zlib";
import { requestListSchema } from "@nexent/monitor-api";
import { allTime, type ApiClient } from "./api-client.ts";
import { generatedSpan, otlpJson, type GeneratedSpan } from "./otlp.ts";

/** A refusal as a sender sees it. */
export interface Refusal {
  readonly status: number;
  /** Seconds of `Retry-After`; absent when the answer had none. */
  readonly retryAfterSeconds?: number;
}

/** Senders that note what the server acknowledged: the other half of {@link audit}. */
export interface Load {
  /** By request id; a span counts only after an answer of 200. */
  readonly acknowledged: ReadonlyMap<string, GeneratedSpan>;
  readonly refusals: readonly Refusal[];
  /** Spans sent, acknowledged or not. */
  readonly sent: number;
  /** Adds senders; they take the kinds in turn: plain, compressed, then the others. Each ends when the server is gone, or at `stop`. */
  start(senders: number): void;
  /** Resolves once every sender has ended. */
  stop(): Promise<void>;
}

const SPANS_PER_REQUEST = 25;
/** A sender rests that long between two requests, refused or not: the test is about what is kept, not about how fast. */
const REST_MS = 20;

/** Sends once: `"kept"` when acknowledged, else how it was refused. @throws when nobody answered. */
export type Send = (spans: readonly GeneratedSpan[]) => Promise<"kept" | Refusal>;

/**
 * @param run makes ids: the same run and sequence give the same span.
 * @param others senders of other protocols, beside plain and compressed OTLP over HTTP.
 */
export function createLoad(otlpUrl: string, run: string, others: readonly Send[] = []): Load {
  const kinds = [jsonSender(otlpUrl, false), jsonSender(otlpUrl, true), ...others];
  const acknowledged = new Map<string, GeneratedSpan>();
  const refusals: Refusal[] = [];
  let sent = 0;
  let isStopping = false;
  let senders: Promise<void>[] = [];

  async function sendOn(send: Send): Promise<void> {
    try {
      while (!isStopping) {
        const spans = Array.from({ length: SPANS_PER_REQUEST }, () => generatedSpan(run, sent++));
        const outcome = await send(spans);
        if (outcome === "kept") for (const span of spans) acknowledged.set(idOf(span), span);
        else refusals.push(outcome);
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
    } catch {
      // The connection died with the server.
    }
  }

  return {
    acknowledged,
    refusals,
    get sent() {
      return sent;
    },
    start(count) {
      isStopping = false;
      for (let at = 0; at < count; at++) senders.push(sendOn(kinds[at % kinds.length] ?? jsonSender(otlpUrl, false)));
    },
    async stop() {
      isStopping = true;
      await Promise.all(senders);
      senders = [];
    },
  };
}

function jsonSender(otlpUrl: string, isCompressed: boolean): Send {
  return async (spans) => {
    const body = JSON.stringify(otlpJson(spans));
    const answer = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(isCompressed ? { "content-encoding": "gzip" } : {}) },
      body: isCompressed ? gzipSync(body) : body,
    });
    await answer.arrayBuffer();
    return answer.status === 200 ? "kept" : refusalOf(answer);
  };
}

/** A refusal over HTTP. */
export function refusalOf({ status, headers }: Response): Refusal {
  const retryAfter = headers.get("retry-after");
  return { status, ...(retryAfter === null ? {} : { retryAfterSeconds: Number(retryAfter) }) };
}

/** What is wrong between what was acknowledged and what is stored; nothing, if all is well. */
export interface Audit {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly changed: readonly string[];
  readonly invented: readonly string[];
}

/** No difference. */
export const CLEAN: Audit = { lost: [], doubled: [], changed: [], invented: [] };

/** Pages through everything the server shows and compares it with a load's spans. @param sent all it ever sent. */
export async function audit(
  api: ApiClient,
  acknowledged: ReadonlyMap<string, GeneratedSpan>,
  run: string,
  sent: number,
): Promise<Audit> {
  const found = await storedCalls(api);
  const known = new Set(Array.from({ length: sent }, (_, sequence) => idOf(generatedSpan(run, sequence))));
  return {
    lost: [...acknowledged.keys()].filter((id) => !found.has(id)),
    doubled: [...found].filter(([, { times }]) => times !== 1).map(([id]) => id),
    changed: [...acknowledged]
      .filter(([id, span]) => found.has(id) && found.get(id)?.outputTokens !== span.outputTokens)
      .map(([id]) => id),
    invented: [...found.keys()].filter((id) => !known.has(id)),
  };
}

async function storedCalls(api: ApiClient) {
  const found = new Map<string, { times: number; outputTokens: number | undefined }>();
  let cursor: string | undefined;
  do {
    const next: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.get(`/api/requests?${allTime()}&limit=1000${next}`, requestListSchema);
    for (const row of page.rows)
      found.set(row.id, { times: (found.get(row.id)?.times ?? 0) + 1, outputTokens: row.outputTokens });
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

function idOf(span: GeneratedSpan): string {
  return `${span.traceId}-${span.spanId}`;
}
