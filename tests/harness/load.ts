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
  /** Adds senders; every other one compresses. Each ends when the server is gone, or at `stop`. */
  start(senders: number): void;
  /** Resolves once every sender has ended. */
  stop(): Promise<void>;
}

const SPANS_PER_REQUEST = 25;
/** A sender rests that long between two requests, refused or not: the test is about what is kept, not about how fast. */
const REST_MS = 20;

/** @param run makes ids: the same run and sequence give the same span. */
export function createLoad(otlpUrl: string, run: string): Load {
  const acknowledged = new Map<string, GeneratedSpan>();
  const refusals: Refusal[] = [];
  let sent = 0;
  let isStopping = false;
  let senders: Promise<void>[] = [];

  async function send(isCompressed: boolean): Promise<void> {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, () => generatedSpan(run, sent++));
    const body = JSON.stringify(otlpJson(spans));
    const answer = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(isCompressed ? { "content-encoding": "gzip" } : {}) },
      body: isCompressed ? gzipSync(body) : body,
    });
    await answer.arrayBuffer();
    if (answer.status === 200) for (const span of spans) acknowledged.set(idOf(span), span);
    else {
      const retryAfter = answer.headers.get("retry-after");
      refusals.push({
        status: answer.status,
        ...(retryAfter === null ? {} : { retryAfterSeconds: Number(retryAfter) }),
      });
    }
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }

  async function sendOn(isCompressed: boolean): Promise<void> {
    try {
      while (!isStopping) await send(isCompressed);
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
      for (let at = 0; at < count; at++) senders.push(sendOn(at % 2 === 1));
    },
    async stop() {
      isStopping = true;
      await Promise.all(senders);
      senders = [];
    },
  };
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
