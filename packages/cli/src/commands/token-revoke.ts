import { revokedTokenSchema } from "@nexent/monitor-api";
import { textOption, UsageError } from "../command.ts";
import { dataCommand } from "../data/data-command.ts";

/** `nexent-monitor token revoke`: from the next request on, the token opens nothing. Exit code 1 without such a token. */
export const tokenRevokeCommand = dataCommand(
  {
    name: "token revoke",
    summary: "make a named token worthless, at once",
    options: [{ name: "name", type: "string", valueName: "NAME", summary: "which; token list shows the names" }],
  },
  async ({ values, output, session }) => {
    const name = textOption(values, "name");
    if (name === undefined) throw new UsageError("--name says which token");
    const { revoked } = await session.post("/api/tokens/revoke", { name }, revokedTokenSchema);
    output.line(revoked ? `${name} is revoked.` : `There is no token called ${name}.`);
    return revoked ? 0 : 1;
  },
);
