import type { Messages, ParamMismatch } from "./messages.ts";
import { overview } from "./zh-CN/overview.ts";
import { requests } from "./zh-CN/requests.ts";
import { setup } from "./zh-CN/setup.ts";
import { shell } from "./zh-CN/shell.ts";

/** 简体中文. Same keys and parameters as English, or it does not compile. */
export const zhCN = { ...shell, ...overview, ...requests, ...setup } as const satisfies Messages;

/** Does not compile when a message has other parameters than its English twin; the error names the key. */
true satisfies [ParamMismatch<typeof zhCN>] extends [never] ? true : ParamMismatch<typeof zhCN>;
