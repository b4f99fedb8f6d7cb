// `npm run soak [minutes]`: the long forms of what CI runs briefly: aborted streams, and hostile input for every parser.
import { spawnSync } from "node:child_process";
import { root } from "./prepare.mjs";

const DEFAULT_MINUTES = 60;
const minutes = Number(process.argv[2] ?? DEFAULT_MINUTES);
if (!Number.isFinite(minutes) || minutes <= 0) {
  console.error("usage: npm run soak [minutes], a number above 0");
  process.exit(64);
}

/** A fifth of the time for streams; the fuzz targets run two at a time and share the rest. */
const streamSeconds = Math.round(minutes * 60 * 0.2);
const targetSeconds = Math.round((minutes * 60 * 0.8) / 4);

let failed = 0;
run("e2e", { NEXENT_SOAK_SECONDS: String(streamSeconds) }, ["tests/e2e/gateway-soak"]);
run("fuzz", { NEXENT_FUZZ_SECONDS: String(targetSeconds) });
process.exit(failed === 0 ? 0 : 1);

/**
 * @param {string} project of vitest
 * @param {Record<string, string>} env
 * @param {string[]} paths all of the project when there are none
 */
function run(project, env, paths = []) {
  console.log(`== ${project}: ${JSON.stringify(env)}`);
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project, ...paths];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  if (status !== 0) failed += 1;
}
