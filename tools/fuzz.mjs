// Fuzzes some targets, or all: node tools/fuzz.mjs [target...] [--seed 1] [--seconds 480]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./prepare.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, seconds: { type: "string" } },
});
const env = { ...process.env };
if (values.seed !== undefined) env.NEXENT_FUZZ_SEED = values.seed;
if (values.seconds !== undefined) env.NEXENT_FUZZ_SECONDS = values.seconds;
const files = positionals.map((target) => `tests/fuzz/${target}.test.ts`);
const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "fuzz", ...files];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env }).status ?? 1);
