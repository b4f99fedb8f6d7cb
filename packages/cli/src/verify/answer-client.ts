import { parseOrNothing, readArray, readEvents, readLines, type AnswerReader } from "./answer-readers.ts";
import { APIError } from "./api-error.ts";

/** One request of a small client. */
export interface AnswerRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts the request and its answer. */
  readonly controller: AbortController;
  /** The answer is a stream although it is JSON: one array, element by element. */
  readonly inArray: boolean;
}

/**
 * An answer that is streamed, in the shape client libraries give it: an async iterable with the controller that aborts its
 * request. An abort ends it quietly; leaving it early aborts the request.
 */
class AnswerStream implements AsyncIterable<unknown> {
  readonly controller: AbortController;
  readonly #body: ReadableStream<Uint8Array>;
  readonly #read: AnswerReader;

  constructor(body: ReadableStream<Uint8Array>, read: AnswerReader, controller: AbortController) {
    this.#body = body;
    this.#read = read;
    this.controller = controller;
  }

  async *iterator(): AsyncGenerator<unknown, void, undefined> {
    let complete = false;
    try {
      yield* this.#read(this.#body);
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
export async function askModel(request: AnswerRequest): Promise<unknown> {
  const response = await fetch(request.url, {
    method: "POST",
    body: request.body,
    headers: { "content-type": "application/json", ...request.headers },
    signal: request.controller.signal,
  });
  if (!response.ok) throw new APIError(response.status, parseOrNothing(await response.text()));
  const read = readerOf(response.headers.get("content-type") ?? "", request.inArray);
  if (read !== undefined && response.body !== null) return new AnswerStream(response.body, read, request.controller);
  return response.json();
}

/** How a body of this type is read; undefined when it is no stream. */
function readerOf(contentType: string, inArray: boolean): AnswerReader | undefined {
  if (contentType.startsWith("text/event-stream")) return readEvents;
  if (contentType.startsWith("application/x-ndjson")) return readLines;
  return inArray ? readArray : undefined;
}
