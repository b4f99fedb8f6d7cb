import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureNode24 } from "../../tools/node-24.mjs";
import { repositoryRoot, temporaryFolder } from "../harness/program.ts";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const scratch = temporaryFolder();
const archives = new Map<string, Packed>();

function npm(args: readonly string[], cwd: string): string {
  return execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], { cwd, encoding: "utf8" });
}

function pack(name: string): Packed {
  const folder = join(repositoryRoot, "packages", name);
  const [packed]: Packed[] = JSON.parse(npm(["pack", "--json", "--pack-destination", scratch.path], folder));
  if (packed === undefined) throw new Error(`npm pack said nothing about ${name}`);
  archives.set(name, packed);
  return packed;
}

/** An application that installs the packed archives with npm, as from a registry. */
function install(name: string, packages: readonly string[]): string {
  const folder = join(scratch.path, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, version: "1.0.0" }));
  npm(["install", ...packages.map((one) => join(scratch.path, archives.get(one)?.filename ?? one))], folder);
  return folder;
}

/** Every package below `node_modules`. */
function installed(folder: string): string[] {
  const modules = join(folder, "node_modules");
  return readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => (name.startsWith("@") ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`) : name))
    .toSorted();
}

const USE = `
async function use(monitor) {
  const ask = monitor.monitorLlmCall("m")(async function* () { yield "a"; yield "b"; });
  const seen = [];
  for await (const piece of ask()) seen.push(piece);
  const { state, reason } = monitor.status();
  const counted = monitor.metricsText().includes('llm_requests_total{model="m"');
  console.log(JSON.stringify({ seen, state, reason, counted, available: monitor.MONITORING_AVAILABLE }));
  await monitor.shutdown({ timeoutMs: 100 });
}
`;

/** Runs an application in both module systems. */
function run(folder: string, env: Readonly<Record<string, string>>, node: string): unknown[] {
  const { PATH = "" } = process.env;
  writeFileSync(join(folder, "app.mjs"), `import * as monitor from "@nexent/monitor";\n${USE}\nawait use(monitor);\n`);
  writeFileSync(join(folder, "app.cjs"), `const monitor = require("@nexent/monitor");\n${USE}\nuse(monitor);\n`);
  return ["app.mjs", "app.cjs"].map((file) => {
    const text = execFileSync(node, [file], { cwd: folder, env: { PATH, ...env }, encoding: "utf8" });
    return JSON.parse(text);
  });
}

const ON = { ENABLE_TELEMETRY: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
/** A Node that cannot be had here counts as skipped. */
const NODES = [
  ["this Node", process.execPath],
  ["Node 24", ensureNode24()],
] as const;

function onEachNode(title: string, check: (node: string) => void): void {
  for (const [name, node] of NODES) {
    it.skipIf(node === undefined)(`${title}, on ${name}`, () => check(node ?? ""));
  }
}

beforeAll(() => {
  for (const name of ["core", "monitor", "performance"]) pack(name);
});
afterAll(() => scratch.remove());

describe("the published packages", () => {
  it("hold built code, types and a README, no test and no source", () => {
    for (const [name, { files, size, unpackedSize }] of archives) {
      console.log(`${name}: ${(size / 1024).toFixed(1)} KB packed, ${(unpackedSize / 1024).toFixed(1)} KB unpacked`);
      const paths = files.map(({ path }) => path);
      expect(paths).toContain("package.json");
      expect(paths).toContain("README.md");
      expect(paths.filter((path) => /\.test\.|\.testing\.|\bsrc\/|tsbuildinfo|\.map$/.test(path))).toEqual([]);
    }
    expect(archives.get("monitor")?.files.some(({ path }) => path === "dist/index.d.ts")).toBe(true);
    expect(archives.get("performance")?.files.map(({ path }) => path)).toEqual(["README.md", "package.json"]);
  });
});

describe("an application without the optional packages", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("plain", ["core", "monitor"]);
  });

  it("gets two packages and no third-party code", () => {
    expect(installed(folder)).toEqual(["@nexent/monitor", "@nexent/monitor-core"]);
  });

  onEachNode("works off and on, imported and required", (node) => {
    const off = { seen: ["a", "b"], state: "disabled", counted: false, available: false };
    expect(run(folder, {}, node)).toEqual([off, off]);
    const on = { seen: ["a", "b"], state: "unavailable", reason: expect.any(String), counted: true, available: false };
    expect(run(folder, ON, node)).toEqual([on, on]);
  });
});

describe("an application with @nexent/performance", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("traced", ["core", "monitor", "performance"]);
  });

  it("gets OpenTelemetry with it", () => {
    expect(existsSync(join(folder, "node_modules", "@opentelemetry", "sdk-trace"))).toBe(true);
  });

  onEachNode("works off and on, imported and required", (node) => {
    const off = { seen: ["a", "b"], state: "disabled", counted: false, available: false };
    expect(run(folder, {}, node)).toEqual([off, off]);
    const on = { seen: ["a", "b"], state: "active", counted: true, available: true };
    expect(run(folder, ON, node)).toEqual([on, on]);
  });
});
