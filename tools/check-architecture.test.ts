import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { architectureProblems, importsOf } from "./check-architecture.mjs";

let root = "";

function write(path: string, content: string | object): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "architecture-"));
  write("package.json", { devDependencies: { vitest: "4.1.12" } });
  write("architecture.json", {
    packages: { core: [], store: ["core"] },
    layers: { store: { journal: [], memory: [] } },
  });
  write("packages/core/package.json", { name: "@x/core" });
  write("packages/core/tsconfig.json", { references: [] });
  write("packages/core/src/index.ts", "export const a = 1;");
  write("packages/store/package.json", { name: "@x/store", dependencies: { "@x/core": "0.1.0" } });
  write("packages/store/tsconfig.json", { references: [{ path: "../core" }] });
  write("packages/store/src/index.ts", 'export { a } from "@x/core";');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("check-architecture", () => {
  it("finds nothing in a tree that follows the rules", () => {
    write("packages/store/src/contract.ts", "export type C = 1;");
    write("packages/store/src/memory/memory.ts", 'import type { C } from "../contract.ts"; export type D = C;');
    expect(architectureProblems(root)).toEqual([]);
  });

  it.each([
    ["a static import", 'import { b } from "@x/store"; export const c = b;'],
    ["a re-export", 'export { b } from "@x/store";'],
    ["a type-only import", 'import type { B } from "@x/store"; export type C = B;'],
    ["a dynamic import with a literal", 'export const c = import("@x/store");'],
  ])("catches a forbidden package in %s", (_, text) => {
    write("packages/core/src/bad.ts", text);
    expect(architectureProblems(root)).toContain("packages/core/src/bad.ts: core must not import store");
  });

  it("catches a third-party import that the package does not declare", () => {
    write("packages/core/src/bad.ts", 'import left from "left-pad"; export const l = left;');
    expect(architectureProblems(root)).toEqual(["packages/core/src/bad.ts: left-pad is not declared by @x/core"]);
  });

  it("lets test files use root dev dependencies", () => {
    write("packages/core/src/good.test.ts", 'import { it } from "vitest"; it("x", () => undefined);');
    expect(architectureProblems(root)).toEqual([]);
  });

  it("catches a layer that imports its sibling", () => {
    write("packages/store/src/journal/j.ts", "export const j = 1;");
    write("packages/store/src/memory/bad.ts", 'import { j } from "../journal/j.ts"; export const k = j;');
    expect(architectureProblems(root)).toEqual([
      'packages/store/src/memory/bad.ts: layer "memory" must not import layer "journal"',
    ]);
  });

  it("catches a layer that imports a composition file", () => {
    write("packages/store/src/memory/bad.ts", 'import { a } from "../index.ts"; export const k = a;');
    expect(architectureProblems(root)[0]).toMatch(/composition file/);
  });

  it("catches a file that reaches into another package's sources", () => {
    write("packages/store/src/bad.ts", 'import { a } from "../../core/src/index.ts"; export const k = a;');
    expect(architectureProblems(root)[0]).toMatch(/reaches out of its package/);
  });

  it("catches manifests and references that disagree with architecture.json", () => {
    write("packages/core/package.json", { name: "@x/core", dependencies: { "@x/store": "0.1.0" } });
    write("packages/store/tsconfig.json", { references: [] });
    expect(architectureProblems(root)).toEqual([
      "packages/core/package.json declares store, architecture.json does not allow it",
      "packages/store/tsconfig.json lacks the reference to core",
    ]);
  });

  it("reads every import form", () => {
    const text =
      'import a from "a"; export * from "b"; export { c } from "c"; import type { D } from "d"; void import("e"); export type F = D; a;';
    expect(importsOf("x.ts", text).sort()).toEqual(["a", "b", "c", "d", "e"]);
  });
});
