import { z } from "zod";

/** An HTTP error answer, with the fields client libraries give it. */
export class AnswerError extends Error {
  /** HTTP status; `undefined` for an error event under status 200. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;

  constructor(status: number | undefined, body: unknown) {
    const fault = faultOf(body);
    super(fault.message ?? `status ${String(status)}`);
    this.name = "AnswerError";
    this.status = status;
    this.code = fault.code;
    this.type = fault.type;
  }
}

/** One request of a small OpenAI client. */
export interface StreamRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Asks as client libraries do: a stream answer becomes an async iterable of parsed chunks, anything else its JSON.
 * @throws {AnswerError} for a status of 400 or more.
 */
export async function askModel(request: StreamRequest): Promise<unknown> {
  const response = await fetch(request.url, {
    method: "POST",
    body: request.body,
    headers: { "content-type": "application/json", ...request.headers },
    signal: request.signal,
  });
  if (!response.ok) throw new AnswerError(response.status, parseOrNothing(await response.text()));
  const contentType = response.headers.get("content-type") ?? "";
  if (contentType.startsWith("text/event-stream") && response.body !== null) return readEvents(response.body);
  return response.json();
}

/** Parsed `data:` values of a server-sent event stream; ends at `[DONE]`. @throws {AnswerError} at an error event. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const bytes of body) {
    pending += decoder.decode(bytes, { stream: true });
    // A lone CR at the end may be the first half of CRLF.
    const complete = pending.endsWith("\r") ? pending.slice(0, -1) : pending;
    const events = complete.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n\n");
    pending = (events.pop() ?? "") + pending.slice(complete.length);
    for (const event of events) {
      const data = dataOf(event);
      if (data === "[DONE]") return;
      if (data === undefined) continue;
      const value = parseOrNothing(data);
      if (hasError(value)) throw new AnswerError(undefined, value);
      if (value !== undefined) yield value;
    }
  }
}

function dataOf(event: string): string | undefined {
  const lines = event
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).replace(/^ /, "")] : []));
  return lines.length === 0 ? undefined : lines.join("\n");
}

function hasError(value: unknown): boolean {
  return typeof value === "object" && value !== null && "error" in value && Boolean(value.error);
}

const text = z.string().optional().catch(undefined);
const faultSchema = z.looseObject({ error: z.looseObject({ message: text, code: text, type: text }) });

function faultOf(body: unknown): {
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly type?: string | undefined;
} {
  const parsed = faultSchema.safeParse(body);
  return parsed.success ? parsed.data.error : {};
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: client libraries skip it as well.
    return undefined;
  }
}
