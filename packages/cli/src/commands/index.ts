import type { Command } from "../command.ts";
import { purgeCommand } from "./data-purge.ts";
import { retainCommand } from "./data-retain.ts";
import { demoCommand } from "./demo.ts";
import { exactServerCommand } from "./exact-server.ts";
import { statusCommand } from "./status.ts";
import { upCommand } from "./up.ts";
import { verifyCommand } from "./verify.ts";

/** Every command of `nexent-monitor`, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  upCommand,
  statusCommand,
  verifyCommand,
  demoCommand,
  exactServerCommand,
  purgeCommand,
  retainCommand,
];
