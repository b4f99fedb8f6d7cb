import type { HostRules } from "../../host-origin.ts";
import { answerData } from "../api-answer.ts";
import type { ApiApp } from "../api-context.ts";
import { requireOwnOrigin } from "../session-guard.ts";
import type { Setup } from "../setup.ts";

/** `/api/setup/check` and `/api/setup/test`. */
export function addSetupRoutes(app: ApiApp, setup: Setup, hostRules: HostRules): void {
  app.get("/api/setup/check", async (c) => answerData(c, await setup.check(c.req.raw.signal)));
  app.post("/api/setup/test", requireOwnOrigin(hostRules), async (c) =>
    answerData(c, await setup.test(c.req.raw.signal)),
  );
}
