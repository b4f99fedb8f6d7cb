import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { nodeIoPort, openDataFolder } from "@nexent/monitor-store";
import type { Command } from "../command.ts";
import { readCliConfig } from "../config.ts";
import { confirm, YES_OPTION } from "../data/data-command.ts";

/**
 * `nexent-monitor data reset`: forgets users, passwords, sessions and settings of the dashboard; stored spans stay. The
 * server must be stopped. Exit code 1 when refused. @throws {DATA_DIR_LOCKED} while a server uses the folder.
 */
export const resetCommand: Command = {
  name: "data reset",
  summary:
    "forget users, passwords and settings of the dashboard: sign in with admin / admin again; stop the server first",
  options: [YES_OPTION],
  async run({ values, env, output }) {
    const dataDir = resolve(readCliConfig(env).dataDir);
    const control = join(dataDir, "control");
    if (!existsSync(control)) {
      output.line(`Nothing to reset: ${control} does not exist.`);
      return 0;
    }
    const folder = await openDataFolder(dataDir, nodeIoPort);
    try {
      if (!(await confirm(`Forget users, passwords and settings in ${control}?`, { values, output }))) {
        output.line("Nothing was changed.");
        return 1;
      }
      await rm(control, { recursive: true });
    } finally {
      await folder.release();
    }
    output.line("Done. The next start signs in with admin / admin.");
    return 0;
  },
};
