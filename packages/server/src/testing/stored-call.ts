import { llmFieldsOf } from "@nexent/monitor-core";
import type { StoredSpan } from "@nexent/monitor-store";
import { callSpan } from "./calls.ts";

/** A call as a store hands it to listeners. */
export function toStoredCall(index: number): StoredSpan {
  const span = callSpan(index, { startMs: Date.parse("2026-11-24T10:00:00Z") + index });
  const llm = llmFieldsOf(span);
  return llm === undefined ? { span } : { span, llm };
}
