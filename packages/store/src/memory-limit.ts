import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The first version of the kernel's interface says "no limit" with a number close to 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/** Where the memory of a group is limited, in either version of the kernel's interface. */
interface GroupFiles {
  /** The folder of the outermost group that can be seen. */
  readonly mount: string;
  /** Names of the groups of this process from there on. */
  readonly path: readonly string[];
  readonly limits: readonly string[];
}

/**
 * Memory that the control groups of this process allow it, bytes: the least of its own group and of every group around
 * it, since each of them kills. `undefined` when there is no limit, or none that can be read.
 * @param root folder under which `proc` and `sys` lie.
 */
export async function readMemoryLimit(root = "/"): Promise<number | undefined> {
  const groups = groupFiles(root, (await readText(join(root, "proc", "self", "cgroup"))) ?? "");
  if (groups === undefined) return undefined;
  const found: number[] = [];
  // A container may see the path of its group on the host, but only its own group as the outermost one.
  for (let depth = groups.path.length; depth >= 0; depth--) {
    const folder = join(groups.mount, ...groups.path.slice(0, depth));
    for (const name of groups.limits) found.push(...limitIn(await readText(join(folder, name))));
  }
  return found.length === 0 ? undefined : Math.min(...found);
}

/** Of the version that has the memory: with both mounted, the first one. */
function groupFiles(root: string, memberships: string): GroupFiles | undefined {
  const lines = memberships.split("\n").map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const pathWhere = (isIt: (controllers: readonly string[]) => boolean): readonly string[] | undefined =>
    lines
      .find((line) => line !== null && isIt((line[1] ?? "").split(",")))?.[2]
      ?.split("/")
      .filter(isName);
  const mount = join(root, "sys", "fs", "cgroup");
  const first = pathWhere((controllers) => controllers.includes("memory"));
  if (first !== undefined) return { mount: join(mount, "memory"), path: first, limits: ["memory.limit_in_bytes"] };
  const second = pathWhere(([controller]) => controller === "");
  return second === undefined ? undefined : { mount, path: second, limits: ["memory.max", "memory.high"] };
}

/** A group outside what can be seen is told as `..`. */
function isName(part: string): boolean {
  return part !== "" && part !== "..";
}

function limitIn(text: string | undefined): readonly number[] {
  const bytes = Number(text?.trim() === "" ? undefined : text);
  return bytes > 0 && bytes < NO_LIMIT_BYTES ? [bytes] : [];
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined; // another system, another version of the interface, or not for us to see
  }
}
