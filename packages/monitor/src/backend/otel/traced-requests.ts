/** Whether the requests that `fetch` sends get spans of their own. */
import { channel } from "node:diagnostics_channel";

/** Kept: a channel nobody holds is made anew, without its subscribers. */
const CREATED_REQUESTS = channel("undici:request:create");

/** True once an instrumentation of Node's `fetch` listens, e.g. `@opentelemetry/instrumentation-undici`. */
export function requestsAreTraced(): boolean {
  return CREATED_REQUESTS.hasSubscribers;
}
