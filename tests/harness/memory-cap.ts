import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/** A control group whose processes share so much memory and are killed beyond it. */
export interface MemoryCap {
  /** The head of a command line that puts a program into the group. */
  readonly under: readonly string[];
  /** Times the kernel killed one of its processes. */
  kills(): number;
  /** Once its processes are gone. */
  remove(): void;
}

/**
 * Makes a group, in either version of the kernel's interface; `undefined` where this user may not.
 * @param root where the kernel shows its groups.
 */
export function memoryCap(name: string, mebibytes: number, root = ROOT): MemoryCap | undefined {
  const isSecond = existsSync(join(root, "cgroup.controllers"));
  const group = join(root, isSecond ? "" : "memory", name);
  const [limit, events] = isSecond ? ["memory.max", "memory.events"] : ["memory.limit_in_bytes", "memory.oom_control"];
  try {
    if (isSecond) writeFileSync(join(root, "cgroup.subtree_control"), "+memory");
    mkdirSync(group, { recursive: true });
    writeFileSync(join(group, limit), String(mebibytes * 1024 * 1024));
    readFileSync(join(group, events));
  } catch {
    if (existsSync(group)) rmdirSync(group);
    return undefined; // not root, or the groups belong to somebody else
  }
  return {
    under: ["sh", "-c", `echo $$ > ${join(group, "cgroup.procs")} && exec "$@"`, "sh"],
    kills: () => Number(/^oom_kill (\d+)/m.exec(readFileSync(join(group, events), "utf8"))?.[1] ?? 0),
    remove: () => rmdirSync(group),
  };
}
