import type { CallFilter, StoredSpan, TimeRange } from "../contract.ts";
import { numberOf } from "../number-columns.ts";
import { foldCase } from "../query-rules.ts";

/** Whether the span starts in the half-open range. */
export function inRange(stored: StoredSpan, range: TimeRange): boolean {
  return stored.span.startUnixNanos >= range.fromUnixNanos && stored.span.startUnixNanos < range.toUnixNanos;
}

/** Whether a finished LLM call matches every condition but the range. */
export function matches(stored: StoredSpan, filter: CallFilter): boolean {
  const llm = stored.llm;
  return (
    oneOf(llm?.model, filter.models) &&
    oneOf(llm?.operation, filter.operations) &&
    oneOf(llm?.provider, filter.providers) &&
    oneOf(stored.span.resource.service, filter.services) &&
    oneOf(llm?.outcome, filter.outcomes) &&
    hasText(stored, filter.text) &&
    hasNumbers(stored, filter)
  );
}

function oneOf(value: string | undefined, list: readonly string[] | undefined): boolean {
  return list === undefined || list.length === 0 || (value !== undefined && list.includes(value));
}

function hasText({ span, llm }: StoredSpan, text: string | undefined): boolean {
  if (text === undefined || text === "") return true;
  const wanted = foldCase(text);
  const places = [llm?.model, llm?.operation, span.traceId, span.spanId, llm?.errorType];
  return places.some((place) => place !== undefined && foldCase(place).includes(wanted));
}

function hasNumbers(stored: StoredSpan, filter: CallFilter): boolean {
  return (filter.number ?? []).every(({ column, min, max }) => {
    const value = numberOf(stored, column);
    return value !== undefined && value >= (min ?? -Infinity) && value <= (max ?? Infinity);
  });
}
