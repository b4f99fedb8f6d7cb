/** One class, three kinds of decorator, one behaviour; and the published declarations alone are enough to compile it. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configure, shutdown } from "./index.ts";
import { runForms, type Told } from "./testing/forms-program.testing.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const EXPECTED = {
  results: ["why!", [0, 1], ["a", 1], "x", true, "Bob, I am ada", "how!", [1, 2], false],
  shapes: ["ask", 1, "stream", 2],
  lines: [
    'llm_requests_total{model="gpt-4o",operation="chat",provider="unknown",stream="false",outcome="ok"} 2',
    'llm_requests_total{model="model-2",operation="llm_completion",provider="unknown",stream="true",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="Assistant.create",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="Assistant.greet",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="Assistant.isText",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="Assistant.pick",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="Assistant.stream",outcome="ok"} 1',
    'nexent_endpoint_duration_seconds_count{endpoint="generic",outcome="ok"} 2',
    'nexent_endpoint_duration_seconds_count{endpoint="isText",outcome="ok"} 1',
  ],
};

function sorted(told: Told): Told {
  return { ...told, lines: told.lines.toSorted((a, b) => a.localeCompare(b)) };
}

describe("TC39 decorators, lowered by esbuild", () => {
  beforeAll(() => {
    process.env["OTEL_TRACES_EXPORTER"] = "none";
    configure({ enabled: true });
  });
  afterAll(async () => {
    delete process.env["OTEL_TRACES_EXPORTER"];
    await shutdown();
  });

  it("behave like the class without them", async () => {
    expect(sorted(await runForms())).toEqual(EXPECTED);
  });
});

describe("a consumer with nothing but the package", () => {
  let folder: string;

  /** A project with the built package and the types of Node: no OpenTelemetry, no framework. */
  beforeAll(async () => {
    await run(process.execPath, [TSC, "-b", join(ROOT, "packages/monitor")]);
    await run(process.execPath, [join(ROOT, "tools/bundle-sdk.mjs")]);
    folder = await mkdtemp(join(tmpdir(), "nexent-consumer-"));
    for (const [name, from] of [
      ["@nexent/monitor", "packages/monitor"],
      ["@nexent/monitor-core", "packages/core"],
    ] as const) {
      const to = join(folder, "node_modules", name);
      await mkdir(to, { recursive: true });
      await cp(join(ROOT, from, "dist"), join(to, "dist"), { recursive: true });
      await cp(join(ROOT, from, "package.json"), join(to, "package.json"));
    }
    const bundle = join("@nexent/monitor", "bundle");
    await cp(join(ROOT, "packages/monitor/bundle"), join(folder, "node_modules", bundle), { recursive: true });
    for (const name of ["@types/node", "undici-types"])
      await cp(join(ROOT, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const program = await readFile(new URL("testing/forms-program.testing.ts", import.meta.url), "utf8");
    await writeFile(join(folder, "program.ts"), program);
    await writeFile(join(folder, "start.ts"), `import { main } from "./program.js";\nawait main();\n`);
    await writeFile(join(folder, "adapters.ts"), ADAPTERS);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const ADAPTERS = `
    import { createServer } from "node:http";
    import { setupExpressApp } from "@nexent/monitor/express";
    import { setupFastifyApp } from "@nexent/monitor/fastify";
    import { setupHonoApp } from "@nexent/monitor/hono";
    import { setupNodeServer } from "@nexent/monitor/node";
    setupNodeServer(createServer(), { metricsPath: "/metrics", route: (request) => request.url });
    // @ts-expect-error no application
    setupExpressApp(5);
    // @ts-expect-error no application
    setupFastifyApp({ use: 1 });
    // @ts-expect-error no application
    setupHonoApp({});
  `;

  async function compile(outDir: string, more: Record<string, unknown>): Promise<void> {
    const config = {
      compilerOptions: {
        target: "ES2022",
        lib: ["ES2022", "ESNext.Disposable"],
        types: ["node"],
        module: "NodeNext",
        moduleResolution: "NodeNext",
        strict: true,
        skipLibCheck: false,
        outDir,
        ...more,
      },
      files: ["start.ts", "program.ts", "adapters.ts"],
    };
    await writeFile(join(folder, `tsconfig.${outDir}.json`), JSON.stringify(config));
    await run(process.execPath, [TSC, "-p", join(folder, `tsconfig.${outDir}.json`)], { cwd: folder }).catch(
      (error: unknown) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what execFile rejects with
        throw new Error((error as { readonly stdout: string }).stdout, { cause: error });
      },
    );
  }

  it.each([
    ["standard", {}],
    ["legacy", { experimentalDecorators: true }],
  ] as const)(
    "compiles it with %s decorators, and the output runs",
    async (kind, more) => {
      await compile(kind, more);
      const { stdout, stderr } = await run(process.execPath, [join(folder, kind, "start.js")], {
        cwd: folder,
        env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
      });
      expect(stderr).toBe("");
      const told: Told = JSON.parse(stdout);
      expect(sorted(told)).toEqual(EXPECTED);
    },
    60_000,
  );

  it("imports it in a few files, and loads no part of Node that only a running monitor needs", async () => {
    const program = `const before = new Set(process.moduleLoadList);
      await import("@nexent/monitor");
      await import("@nexent/monitor/openai");
      console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`;
    await writeFile(join(folder, "off.mjs"), program);
    const { stdout } = await run(process.execPath, [join(folder, "off.mjs")], { cwd: folder });
    const loaded: readonly string[] = JSON.parse(stdout);
    expect(loaded.filter((name) => /http|zlib|stream|perf_hooks|async_hooks|NativeModule module/.test(name))).toEqual(
      [],
    );
    const files = await readdir(join(folder, "node_modules", "@nexent", "monitor", "bundle"));
    expect(files.filter((name) => name.endsWith(".js")).length).toBeLessThan(30);
  });

  it("compiles it with the types of a browser in the place of those of Node", async () => {
    const source = `import * as monitor from "@nexent/monitor";\nexport const { metricsResponse } = monitor;\n`;
    await writeFile(join(folder, "browser.ts"), source);
    const options = { lib: ["ES2022", "ESNext.Disposable", "DOM"], types: [], noEmit: true, skipLibCheck: false };
    const config = {
      compilerOptions: { ...options, target: "ES2022", module: "ESNext", moduleResolution: "Bundler", strict: true },
      files: ["browser.ts"],
    };
    await writeFile(join(folder, "tsconfig.browser.json"), JSON.stringify(config));
    await expect(run(process.execPath, [TSC, "-p", join(folder, "tsconfig.browser.json")])).resolves.toBeDefined();
  });
});
