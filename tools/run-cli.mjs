// Runs one command of the built CLI in the foreground, with the arguments that followed `npm run … --`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

/** Prepares the tree, then becomes `nexent-monitor <command>`; signals reach the command through the terminal's group. */
export function runCli(command) {
  prepare();
  const main = join(root, "packages", "cli", "dist", "main.js");
  const child = spawn(process.execPath, [main, command, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
  // Ctrl-C goes to the whole group: this process only waits, so that the command can stop in order.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}
