import { createTokenSchema, revokeTokenSchema } from "@nexent/monitor-api";
import type { HostRules } from "../../host-origin.ts";
import type { Log } from "../../log.ts";
import { answerData, ApiRefusal } from "../api-answer.ts";
import type { ApiApp } from "../api-context.ts";
import type { ApiTokens } from "../api-tokens.ts";
import { readJson } from "../read-input.ts";
import { requireOwnOrigin } from "../session-guard.ts";

/** `/api/tokens`: for signed-in people alone; a token opens no door to other tokens. */
export function addTokenRoutes(app: ApiApp, tokens: ApiTokens, hostRules: HostRules, log: Log): void {
  const ownOrigin = requireOwnOrigin(hostRules);
  app.get("/api/tokens", (c) => answerData(c, { tokens: tokens.list() }));
  app.post("/api/tokens", ownOrigin, async (c) => {
    const { name, scope } = await readJson(c, createTokenSchema);
    const created = await tokens.create(name, scope);
    if (typeof created === "string") throw new ApiRefusal("QUERY_INVALID", { field: "name", problem: created });
    log.info("token_created", { name, scope });
    return answerData(c, created);
  });
  app.post("/api/tokens/revoke", ownOrigin, async (c) => {
    const { name } = await readJson(c, revokeTokenSchema);
    const revoked = await tokens.revoke(name);
    if (revoked) log.info("token_revoked", { name });
    return answerData(c, { revoked });
  });
}
