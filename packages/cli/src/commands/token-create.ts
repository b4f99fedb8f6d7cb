import { createdTokenSchema, TOKEN_SCOPES } from "@nexent/monitor-api";
import { choiceOption, textOption, UsageError } from "../command.ts";
import { dataCommand } from "../data/data-command.ts";

/** `nexent-monitor token create`: makes a token and shows it, once. */
export const tokenCreateCommand = dataCommand(
  {
    name: "token create",
    summary: "make a named token for senders or readers; it is shown once",
    options: [
      { name: "name", type: "string", valueName: "NAME", summary: "what it is for: letters, digits, dots, _ and -" },
      { name: "scope", type: "string", valueName: "ingest|read", summary: "to send, or to read" },
    ],
  },
  async ({ values, output, session }) => {
    const name = textOption(values, "name");
    if (name === undefined) throw new UsageError("--name says what the token is for");
    if (textOption(values, "scope") === undefined) throw new UsageError("--scope is ingest or read");
    const scope = choiceOption(values, "scope", TOKEN_SCOPES, "ingest");
    const { token } = await session.post("/api/tokens", { name, scope }, createdTokenSchema);
    // Alone on stdout, so that a script can keep it.
    output.line(token);
    output.error(`Send it as "Authorization: Bearer …". It is not stored and cannot be shown again.`);
    return 0;
  },
);
