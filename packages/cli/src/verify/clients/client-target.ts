import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { openLog } from "../../processes/log-file.ts";
import { exportSettings, withoutSettings } from "../child-env.ts";
import { childTarget } from "../child-target.ts";
import type { TargetStart, VerifyTarget } from "../target.ts";
import { CLIENTS, type ClientName } from "./clients.ts";
import type { ClientDriverKind } from "./driver.ts";
import type { FoundClient } from "./find-client.ts";

const CHILD_URL = new URL("./client-child.js", import.meta.url).href;

/** A program on the command line resolves packages from its working folder, as an application there would. */
function programOf(name: ClientName): string {
  const [url, client] = [CHILD_URL, name].map((text) => JSON.stringify(text));
  return `import { runClient } from ${url}; await runClient(${client}, (name) => import(name));`;
}

/** Starts a process that uses one client library as an application does. @throws when it does not come up. */
export async function startClientTarget(
  { name, folder, node }: FoundClient,
  start: TargetStart,
): Promise<VerifyTarget> {
  const logPath = join(start.logDir, `${name}.log`);
  const log = openLog(logPath);
  const child = spawn(node, ["--input-type=module", "--eval", programOf(name)], {
    cwd: folder,
    env: { ...withoutSettings(start.env), ...exportSettings(start.otlpEndpoint, `nexent-verify-${name}`) },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  closeSync(log.fd);
  const kind: ClientDriverKind = CLIENTS[name];
  const traits = {
    name,
    slack: kind.slack ?? 1,
    plays: (scenario: Scenario) => kind.plays(scenario),
    hides: (scenario: Scenario) => kind.hides?.(scenario) ?? [],
  };
  return childTarget(traits, { child, logPath, logFrom: log.sizeBytes, origin: start.exactOrigin });
}
