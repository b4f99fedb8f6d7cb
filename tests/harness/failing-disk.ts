import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** A disk of its own that can be made to fail. */
export interface FailingDisk {
  readonly path: string;
  /** It meets an error, as a real disk does, and turns read-only. */
  fail(): void;
  /** As somebody does who replaces a disk: what had reached the old one, under the same path. */
  replace(): void;
  remove(): void;
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

/** Makes one in a folder; `undefined` where this user may not: not root, no loop devices, or no mkfs. */
export function failingDisk(folder: string): FailingDisk | undefined {
  const [image, path] = [join(folder, "image"), join(folder, "disk")];
  let trigger = "";

  /** A file system with files open for writing turns read-only by itself when it meets an error. */
  function mount(from: string): void {
    run("mount", "-o", "loop,errors=remount-ro", from, path);
    trigger = `/sys/fs/ext4/${basename(run("findmnt", "-n", "-o", "SOURCE", path))}/trigger_fs_error`;
  }

  mkdirSync(path);
  try {
    run("truncate", "-s", "128M", image);
    run("mkfs.ext4", "-q", image);
    mount(image);
  } catch {
    return undefined;
  }
  return {
    path,
    fail: () => writeFileSync(trigger, "test"),
    replace() {
      run("umount", "-l", path);
      run("cp", image, `${image}-2`);
      mount(`${image}-2`);
    },
    remove: () => void run("umount", "-l", path),
  };
}
