import { EXPORT_ENV } from "./env-export.ts";
import { GATEWAY_ENV, SERVER_ENV } from "./env-programs.ts";
import { SDK_ENV } from "./env-sdk.ts";
import type { EnvVariable } from "./env-variable.ts";

/** Every variable a program of ours reads (measurement contract 7). An empty variable is unset. */
export const ENV: readonly EnvVariable[] = [
  ...SDK_ENV,
  ...EXPORT_ENV,
  ...GATEWAY_ENV,
  ...SERVER_ENV,
  {
    name: "EXACT_SERVER_PORT",
    type: "port",
    default: "8009",
    meaning: "Port of the built-in exact-schedule server.",
    program: "cli",
  },
  {
    name: "LLM_MONITOR_GATEWAY_TOKEN",
    type: "text",
    meaning: "Gateway token with which `nexent-monitor demo` and `doctor` send their calls.",
    program: "cli",
  },
  {
    name: "LLM_MONITOR_PASSWORD",
    type: "text",
    default: "admin",
    meaning: "Password with which `nexent-monitor data` signs in; not an option, so that no process list shows it.",
    program: "cli",
  },
];
