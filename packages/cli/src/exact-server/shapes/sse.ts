/** Members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Headers of an answer of server-sent events. */
export const SSE_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" } as const;

/** The server-sent event of one value. */
export function sseData(value: unknown): string {
  return `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
}

/** The server-sent event of a value that is named by its `type`. */
export function sseEvent(value: Fields & { readonly type: string }): string {
  return `event: ${value.type}\n${sseData(value)}`;
}
