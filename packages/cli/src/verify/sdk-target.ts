import { fork } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { openLog } from "../processes/log-file.ts";
import { exportSettings, withoutSettings } from "./child-env.ts";
import { childTarget } from "./child-target.ts";
import type { TargetStart, VerifyTarget } from "./target.ts";

/** Starts a process that uses the SDK as an application does. @throws when it does not come up. */
export async function startSdkTarget(start: TargetStart): Promise<VerifyTarget> {
  const logPath = join(start.logDir, "sdk.log");
  const log = openLog(logPath);
  const child = fork(new URL("./sdk-child.js", import.meta.url), [], {
    // Never-read streams are given up by the collector or by shutdown, whichever is first.
    env: { ...withoutSettings(start.env), ...exportSettings(start.otlpEndpoint, "nexent-verify-sdk") },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  closeSync(log.fd);
  return childTarget(
    { name: "sdk", plays: ({ targets }) => targets.includes("sdk") },
    { child, logPath, logFrom: log.sizeBytes, origin: start.exactOrigin },
  );
}
