import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createPackageLoader } from "./load.ts";

const root = mkdtempSync(join(tmpdir(), "load-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function addPackage(folder: string, name: string, version: string, code: string, more: object = {}): void {
  write(`${folder}/node_modules/${name}/package.json`, JSON.stringify({ name, version, main: "index.js", ...more }));
  write(`${folder}/node_modules/${name}/index.js`, code);
}

addPackage("app", "fine", "1.2.3", "module.exports = { answer: 42 };", { exports: "./index.js" });
addPackage("app", "broken", "1.0.0", 'throw new Error("native part is missing\\nsecond line");');
addPackage("app", "half", "1.0.0", 'require("not-installed-anywhere");');
addPackage("app", "carrier", "1.0.0", "");
addPackage("app/node_modules/carrier", "carried", "2.0.0", "module.exports = 1;");
write("app/index.js", "");
const loader = createPackageLoader(join(root, "app/index.js"));

describe("createPackageLoader", () => {
  it("loads a package and finds its version past an exports map", () => {
    expect(loader.load("fine")).toEqual({ status: "loaded", exports: { answer: 42 }, version: "1.2.3" });
  });

  it("keeps missing and broken apart", () => {
    expect(loader.load("nowhere")).toEqual({ status: "missing", name: "nowhere" });
    expect(loader.load("broken")).toEqual({ status: "broken", name: "broken", reason: "native part is missing" });
  });

  it("calls a package broken when something it needs is missing", () => {
    expect(loader.load("half")).toMatchObject({ status: "broken", name: "half" });
  });

  it("reaches a package that came along with another one and is not hoisted", () => {
    expect(loader.load("carried")).toEqual({ status: "missing", name: "carried" });
    expect(loader.load("carried", ["nowhere", "carrier"])).toMatchObject({ status: "loaded", version: "2.0.0" });
  });

  it("looks in the meta package before its own place", () => {
    addPackage("both", "dual", "1.0.0", "");
    addPackage("both", "@nexent/performance", "0.1.0", "");
    addPackage("both/node_modules/@nexent/performance", "dual", "9.0.0", "");
    write("both/index.js", "");
    const result = createPackageLoader(join(root, "both/index.js")).load("dual");
    expect(result).toMatchObject({ status: "loaded", version: "9.0.0" });
  });
});
