import { useFormat } from "../format/format.ts";
import { messageParams } from "../format/message-params.ts";
import { useI18n } from "../i18n/i18n-context.tsx";
import { visibleText } from "./marks.tsx";

/** A message id of the server with its parameters. */
export interface ServerMessage {
  readonly id: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Turns the server's message ids into sentences of the reader's language; an unknown id is shown as it is. */
export function useServerMessage(prefix: "verdict" | "reason"): (message: ServerMessage) => string {
  const { t, fromServer } = useI18n();
  const format = useFormat();
  return (message) => {
    const params = messageParams(message.params, format);
    // Parameters may carry text from telemetry.
    const safe = Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, typeof value === "string" ? visibleText(value) : value]),
    );
    return fromServer(prefix, message.id, safe) ?? t(`${prefix}.unknown`, { id: visibleText(message.id) });
  };
}
