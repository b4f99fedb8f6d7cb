import { requestSortSchema, type RangeQuery, type RequestList, type RequestSort } from "@nexent/monitor-api";
import type { CallSort, TraceStore } from "@nexent/monitor-store";
import { callFilter, msOf } from "./range.ts";
import { requestRow } from "./request-row.ts";

/** A question for the list, checked by the API schema. */
export interface RequestsQuestion extends RangeQuery {
  readonly outcome?: readonly string[] | undefined;
  readonly f?: string | undefined;
  readonly sort: string;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

const SORT_COLUMNS: Readonly<Record<RequestSort, CallSort["column"]>> = {
  start: "start",
  ttft: "ttftSeconds",
  speed: "generationRateTokensPerSecond",
  duration: "durationSeconds",
  in: "inputTokens",
  out: "outputTokens",
  stalls: "stallCount",
};

function sortOf(text: string): CallSort {
  const descending = text.startsWith("-");
  const name = requestSortSchema.parse(descending ? text.slice(1) : text);
  return { column: SORT_COLUMNS[name], descending };
}

/** One page of requests. @throws {QUERY_INVALID} for a cursor of another question. */
export async function listRequests(
  store: TraceStore,
  question: RequestsQuestion,
  signal?: AbortSignal,
): Promise<RequestList> {
  const text = question.f?.trim() ?? "";
  const filter = callFilter(question, {
    ...(question.outcome === undefined ? {} : { outcomes: question.outcome }),
    ...(text === "" ? {} : { text }),
  });
  const page = {
    limit: question.limit,
    sort: sortOf(question.sort),
    ...(question.cursor === undefined ? {} : { cursor: question.cursor }),
  };
  const [list, stats] = await Promise.all([store.calls(filter, page, signal), store.stats()]);
  return {
    rows: list.rows.map(requestRow),
    ...(list.next === undefined ? {} : { next: list.next }),
    shown: list.shown,
    total: list.total,
    ...(stats.newestCallUnixNanos === undefined ? {} : { newestCallMs: msOf(stats.newestCallUnixNanos) }),
  };
}
