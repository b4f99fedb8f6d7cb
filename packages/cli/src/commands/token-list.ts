import { tokenListSchema } from "@nexent/monitor-api";
import { dataCommand } from "../data/data-command.ts";

/** `nexent-monitor token list`: names, scopes and ages; the tokens themselves are known to nobody. */
export const tokenListCommand = dataCommand(
  { name: "token list", summary: "list the named tokens; never what they are", options: [] },
  async ({ output, session }) => {
    const { tokens } = await session.get("/api/tokens", tokenListSchema);
    if (tokens.length === 0) output.line("There is no named token.");
    for (const { name, scope, createdAt } of tokens) output.line(`${scope.padEnd(6)}  ${createdAt}  ${name}`);
    return 0;
  },
);
