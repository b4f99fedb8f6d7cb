import { z } from "zod";

/** An error answer or error event, with the name and the fields that client libraries give it. */
export class APIError extends Error {
  /** HTTP status; `undefined` for an error event under status 200. */
  readonly status: number | undefined;
  readonly code: string | number | undefined;
  readonly type: string | undefined;
  /** The `error` member as it came. */
  readonly error: unknown;

  constructor(status: number | undefined, body: unknown) {
    const fault = faultOf(body);
    super(fault.message ?? `status ${String(status)}`);
    this.name = "APIError";
    this.status = status;
    this.code = fault.code;
    this.type = fault.type;
    this.error = fault;
  }
}

/** One request of a small OpenAI client. */
export interface StreamRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts the request and its answer. */
  readonly controller: AbortController;
}

/**
 * An answer that is streamed, in the shape client libraries give it: an async iterable with the controller that aborts its
 * request. An abort ends it quietly; leaving it early aborts the request.
 */
class AnswerStream implements AsyncIterable<unknown> {
  readonly controller: AbortController;
  readonly #body: ReadableStream<Uint8Array>;

  constructor(body: ReadableStream<Uint8Array>, controller: AbortController) {
    this.#body = body;
    this.controller = controller;
  }

  async *iterator(): AsyncGenerator<unknown, void, undefined> {
    let complete = false;
    try {
      yield* readEvents(this.#body);
      complete = true;
    } catch (error) {
      if (!this.controller.signal.aborted) throw error;
    } finally {
      if (!complete) this.controller.abort();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    return this.iterator();
  }
}

/**
 * Asks as client libraries do: a streamed answer becomes a stream of parsed chunks, anything else its JSON.
 * @throws {APIError} for a status of 400 or more.
 */
export async function askModel(request: StreamRequest): Promise<unknown> {
  const response = await fetch(request.url, {
    method: "POST",
    body: request.body,
    headers: { "content-type": "application/json", ...request.headers },
    signal: request.controller.signal,
  });
  if (!response.ok) throw new APIError(response.status, parseOrNothing(await response.text()));
  const contentType = response.headers.get("content-type") ?? "";
  if (contentType.startsWith("text/event-stream") && response.body !== null)
    return new AnswerStream(response.body, request.controller);
  return response.json();
}

/** Parsed `data:` values of a server-sent event stream; ends at `[DONE]`. @throws {APIError} at an error event. */
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
      if (hasError(value)) throw new APIError(undefined, value);
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
const faultSchema = z.looseObject({
  error: z.looseObject({
    message: text,
    code: z.union([z.string(), z.number()]).optional().catch(undefined),
    type: text,
  }),
});

function faultOf(body: unknown): Partial<z.output<typeof faultSchema>["error"]> {
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
