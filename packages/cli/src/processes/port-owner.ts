import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The process that listens on a port. */
export interface PortOwner {
  readonly pid: number;
  /** Command line, shortened. */
  readonly command: string;
}

const LISTEN_STATE = "0A";

/**
 * Who listens on TCP `port`, read from `/proc`. `undefined` when the system has no `/proc` or the process belongs to
 * another user.
 */
export function findPortOwner(port: number, procDir = "/proc"): PortOwner | undefined {
  const inodes = new Set(
    ["tcp", "tcp6"].flatMap((table) => listeningInodes(readText(join(procDir, "net", table)), port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of listNames(procDir).filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(join(procDir, pid, "fd"), inodes)) {
      return { pid: Number(pid), command: commandOf(readText(join(procDir, pid, "cmdline"))) };
    }
  }
  return undefined;
}

/** Inodes of the listening sockets on `port` in the text of `/proc/net/tcp` or `tcp6`. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN_STATE)
    .flatMap((fields) => fields[9] ?? []);
}

function holdsSocket(fdDir: string, inodes: ReadonlySet<string>): boolean {
  return listNames(fdDir).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(join(fdDir, fd)))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      // The descriptor was closed meanwhile.
      return false;
    }
  });
}

function commandOf(cmdline: string): string {
  const command = cmdline.replaceAll("\0", " ").trim();
  return command.length > 120 ? `${command.slice(0, 117)}...` : command;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No /proc, or not ours to read: the owner stays unknown.
    return "";
  }
}

function listNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // As above.
    return [];
  }
}
