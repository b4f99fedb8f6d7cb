import type { Context } from "hono";
import type { ApiEnv } from "./api-context.ts";

/** The query of a request as it was written: the framework's own reading takes the first value only. */
export function paramsOf(c: Context<ApiEnv>): URLSearchParams {
  const target = c.env.incoming.url ?? "";
  const mark = target.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : target.slice(mark));
}
