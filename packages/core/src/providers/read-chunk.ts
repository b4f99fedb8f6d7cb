import { fieldsOf, type Fields } from "./json-fields.ts";
import { resetStreamEvent, type StreamEvent } from "./provider.ts";

/**
 * Reads a chunk that a client library has parsed into `event`, which is reset first; false when `read` says that it is
 * none, or when it throws where it is touched. On the path of every chunk, so `read` should be no new closure.
 */
export function readParsedChunk(
  value: unknown,
  event: StreamEvent,
  read: (event: StreamEvent, chunk: Fields) => boolean,
): boolean {
  resetStreamEvent(event);
  try {
    const chunk = fieldsOf(value);
    return chunk !== undefined && read(event, chunk);
  } catch {
    // A getter or proxy of the host threw; the host must not notice us.
    return false;
  }
}
