import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryCap } from "../harness/memory-cap.ts";

const BYTES = 768 * 1024 * 1024;
let root = "";

beforeEach(() => (root = mkdtempSync(join(tmpdir(), "nexent-groups-"))));
afterEach(() => rmSync(root, { recursive: true }));

/** What a kernel shows before and after a group is made. */
function kernel(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

describe("the memory cap of the tests", () => {
  it("is a group of the second version where that is there", () => {
    kernel({
      "cgroup.controllers": "cpu memory\n",
      "capped/memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n",
    });
    const cap = memoryCap("capped", 768, root);
    expect(cap?.kills()).toBe(2);
    expect(readFileSync(join(root, "cgroup.subtree_control"), "utf8")).toBe("+memory");
    expect(readFileSync(join(root, "capped", "memory.max"), "utf8")).toBe(String(BYTES));
    expect(cap?.under.join(" ")).toContain(`> ${join(root, "capped", "cgroup.procs")} && exec`);
  });

  it("is a group of the first version elsewhere", () => {
    kernel({ "memory/capped/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n" });
    const cap = memoryCap("capped", 768, root);
    expect(cap?.kills()).toBe(1);
    expect(readFileSync(join(root, "memory", "capped", "memory.limit_in_bytes"), "utf8")).toBe(String(BYTES));
  });

  it("is none where no group can be made", () => {
    kernel({ memory: "in the way" });
    expect(memoryCap("capped", 768, root)).toBeUndefined();
  });
});
