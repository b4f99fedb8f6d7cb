import { overview } from "./en/overview.ts";
import { requests } from "./en/requests.ts";
import { setup } from "./en/setup.ts";
import { shell } from "./en/shell.ts";

/** English: the source of all message keys and their parameters. */
export const en = { ...shell, ...overview, ...requests, ...setup } as const;
