import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMemoryLimit } from "./memory-limit.ts";

const MIB = 1024 * 1024;
/** What the kernel writes where the first version of its interface has no limit. */
const NO_LIMIT = "9223372036854771712\n";
const FIRST = "sys/fs/cgroup/memory";
const SECOND = "sys/fs/cgroup";
let root = "";

beforeEach(() => (root = mkdtempSync(join(tmpdir(), "nexent-groups-"))));
afterEach(() => rmSync(root, { recursive: true }));

/** Writes files of the kernel under the root; a folder where the text is `undefined`, which cannot be read as a file. */
function kernel(files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(text === undefined ? path : dirname(path), { recursive: true });
    if (text !== undefined) writeFileSync(path, text);
  }
}

describe("limit of the control groups", () => {
  it("is that of the own group, first version", async () => {
    kernel({
      "proc/self/cgroup": "9:name=systemd:/\n4:memory:/shop/server\n3:cpu,cpuacct:/other\n",
      [`${FIRST}/memory.limit_in_bytes`]: NO_LIMIT,
      [`${FIRST}/shop/memory.limit_in_bytes`]: NO_LIMIT,
      [`${FIRST}/shop/server/memory.limit_in_bytes`]: `${512 * MIB}\n`,
    });
    expect(await readMemoryLimit(root)).toBe(512 * MIB);
  });

  it("is that of the container, which sees its group as the outermost one and its path on the host", async () => {
    kernel({
      "proc/self/cgroup": "5:memory:/docker/0a1b\n0::/docker/0a1b\n",
      [`${FIRST}/memory.limit_in_bytes`]: `${768 * MIB}\n`,
    });
    expect(await readMemoryLimit(root)).toBe(768 * MIB);
  });

  it("is that of the container, second version with a name space of its own", async () => {
    kernel({
      "proc/self/cgroup": "0::/\n",
      [`${SECOND}/memory.max`]: `${768 * MIB}\n`,
      [`${SECOND}/memory.high`]: "max\n",
    });
    expect(await readMemoryLimit(root)).toBe(768 * MIB);
  });

  it("is the least of all groups around, second version", async () => {
    kernel({
      "proc/self/cgroup": "0::/shop.slice/app.slice/server.service\n",
      [`${SECOND}/shop.slice/memory.max`]: `${600 * MIB}\n`,
      [`${SECOND}/shop.slice/app.slice/memory.max`]: `${900 * MIB}\n`,
      [`${SECOND}/shop.slice/app.slice/server.service/memory.max`]: "max\n",
    });
    expect(await readMemoryLimit(root)).toBe(600 * MIB);
    kernel({ [`${SECOND}/shop.slice/app.slice/memory.high`]: `${400 * MIB}\n` });
    expect(await readMemoryLimit(root), "beyond this one it is slowed down").toBe(400 * MIB);
  });

  it("is that of the outermost group that can be seen for a process outside of it", async () => {
    kernel({
      "proc/self/cgroup": "0::/../../elsewhere\n",
      "sys/elsewhere/memory.max": "1\n",
      [`${SECOND}/memory.max`]: `${700 * MIB}\n`,
    });
    expect(await readMemoryLimit(root)).toBe(700 * MIB);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ["without a limit in either version", { "proc/self/cgroup": "0::/a\n", [`${SECOND}/a/memory.max`]: "max\n" }],
    ["first version", { "proc/self/cgroup": "4:memory:/a\n", [`${FIRST}/a/memory.limit_in_bytes`]: NO_LIMIT }],
    ["of a system without groups", {}],
    ["of a process in no group that has memory", { "proc/self/cgroup": "3:cpu:/a\n" }],
    ["that says nothing", { "proc/self/cgroup": "0::/\n", [`${SECOND}/memory.max`]: "\n" }],
    ["that cannot be read", { "proc/self/cgroup": "0::/\n", [`${SECOND}/memory.max`]: undefined }],
    ["of a process whose groups cannot be read", { "proc/self/cgroup": undefined }],
  ])("is unknown: %s", async (_, files) => {
    kernel(files);
    expect(await readMemoryLimit(root)).toBeUndefined();
  });
});
