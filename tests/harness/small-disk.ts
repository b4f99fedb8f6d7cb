import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Mounts a disk of that size on a new folder; `false` where this user may not. */
export function mountSmallDisk(path: string, mebibytes: number): boolean {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false; // not root, or not allowed in this container
  }
}

/** Takes it away again, also while somebody still has files open. */
export function unmountSmallDisk(path: string): void {
  execFileSync("umount", ["-l", path]);
}
