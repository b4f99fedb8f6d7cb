import type { Command } from "../command.ts";
import { backupCommand } from "./data-backup.ts";
import { clearCommand } from "./data-clear.ts";
import { purgeCommand } from "./data-purge.ts";
import { retainCommand } from "./data-retain.ts";
import { resetCommand } from "./data-reset.ts";
import { restoreCommand } from "./data-restore.ts";
import { verifyDataCommand } from "./data-verify.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { exactServerCommand } from "./exact-server.ts";
import { statusCommand } from "./status.ts";
import { tokenCreateCommand } from "./token-create.ts";
import { tokenListCommand } from "./token-list.ts";
import { tokenRevokeCommand } from "./token-revoke.ts";
import { upCommand } from "./up.ts";
import { verifyCommand } from "./verify.ts";

/** Every command of `nexent-monitor`, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  upCommand,
  statusCommand,
  doctorCommand,
  verifyCommand,
  demoCommand,
  exactServerCommand,
  purgeCommand,
  clearCommand,
  retainCommand,
  verifyDataCommand,
  backupCommand,
  restoreCommand,
  resetCommand,
  tokenCreateCommand,
  tokenListCommand,
  tokenRevokeCommand,
];
