import type { IncomingMessage, ServerResponse } from "node:http";
import type { Hono } from "hono";
import type { Session } from "./sessions.ts";

/** What every handler finds in its context. */
export interface ApiEnv {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
  readonly Variables: { requestId: string; session: Session; startedMs: number };
}

export type ApiApp = Hono<ApiEnv>;
