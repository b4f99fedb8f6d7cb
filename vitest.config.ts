import { transform } from "esbuild";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

/** Vite's oxc does not lower standard decorators; esbuild does, for the few test files that use them (ADR 0009). */
function lowerDecorators(): Plugin {
  return {
    name: "lower-decorators",
    enforce: "pre",
    async transform(code, id) {
      if (!/\.tsx?$/.test(id) || !/(^|[\s{;])@[A-Za-z_]/m.test(code)) return undefined;
      const out = await transform(code, { loader: "ts", target: "es2022", sourcefile: id, sourcemap: true });
      return { code: out.code, map: out.map };
    },
  };
}

const resolve = { conditions: ["@nexent/source"] };
const shared = { resolve, ssr: { resolve } };

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        plugins: [lowerDecorators()],
        test: {
          name: "unit",
          include: ["packages/{core,api,monitor,store,gateway,server,cli}/src/**/*.test.ts", "tools/**/*.test.ts"],
          // Left alone, two cores get one worker; many of these tests wait for processes and disks.
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        resolve: { conditions: ["@nexent/source", "module", "browser", "development|production"] },
        oxc: { jsx: { runtime: "automatic" } },
        test: {
          name: "web",
          include: ["packages/web/src/**/*.test.{ts,tsx}"],
          environment: "jsdom",
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: "clients",
          include: ["tests/clients/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: "e2e",
          // Real processes on a shared machine: a scheduling hiccup of a tenth of a second is not a defect.
          retry: 2,
          include: ["tests/{e2e,compat,faults}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: "docker",
          include: ["tests/docker/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: "fuzz",
          include: ["tests/fuzz/*.test.ts"],
          // Two targets at a time: a third would share a core and look like a hang.
          maxWorkers: 2,
        },
      },
      {
        ...shared,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
