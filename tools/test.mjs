// npm test: install, build, then its stages one by one; a failing stage does not stop the later ones. The last line is
// `N passed, N failed`, with `, N skipped` when something was skipped.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureDebianProgram } from "./debian.mjs";
import { ensureNode24 } from "./node-24.mjs";
import { build, installClients, prepare, root } from "./prepare.mjs";

const REPORTS = join(root, ".tmp", "reports");
const node = process.execPath;
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What failed, told again at the end: the beginning of a long run's output is often lost. */
const recap = [];

const STATIC_CHECKS = [
  ["types of sources and tests", node, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.tests.json"]],
  ["oxlint", "node_modules/.bin/oxlint", ["--type-aware", "--deny-warnings"]],
  ["oxfmt", "node_modules/.bin/oxfmt", ["--check", "."]],
  ["architecture", node, ["tools/check-architecture.mjs"]],
  ["lock file policy", node, ["tools/check-lockfile.mjs"]],
  ["knip", "node_modules/.bin/knip", []],
  [
    "generated files are up to date",
    node,
    ["--conditions=@nexent/source", "--import", "tsx", "tools/generate.ts", "--check"],
  ],
];

function staticStage() {
  for (const [name, command, args] of STATIC_CHECKS) {
    const result = spawnSync(command, args, { cwd: root, encoding: "utf8", env: process.env });
    const ok = result.status === 0;
    totals[ok ? "passed" : "failed"] += 1;
    console.log(`  ${ok ? "ok    " : "FAILED"} ${String(name)}`);
    if (!ok) recap.push(`static: ${String(name)}`);
    if (!ok) process.stdout.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}\n`);
  }
}

/** Runs one Vitest project and adds its JSON report; a run without a report counts as one failure. */
function vitest(project, env = {}) {
  const report = join(REPORTS, `${project}.json`);
  rmSync(report, { force: true });
  const failures = join(REPORTS, `${project}-failures.txt`);
  rmSync(failures, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project];
  args.push("--reporter=default", "--reporter=json", `--outputFile.json=${report}`);
  args.push("--reporter=./tools/failures-reporter.mjs");
  const variables = { ...process.env, ...env, NEXENT_FAILURES_FILE: failures };
  const result = spawnSync(node, args, { cwd: root, stdio: "inherit", env: variables });
  if (existsSync(failures)) recap.push(`${project}: ${readFileSync(failures, "utf8").trimEnd()}`);
  if (!existsSync(report)) {
    totals.failed += 1;
    recap.push(`${project}: ended with ${result.signal ?? result.status} and left no report`);
    return;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  totals.skipped += numPendingTests + numTodoTests;
  // A suite that could not even load, or an unhandled error, fails no test of its own.
  if (result.status !== 0 && numFailedTests === 0) {
    totals.failed += Math.max(1, numFailedTestSuites);
    recap.push(`${project}: ended with ${result.signal ?? result.status} although no test failed`);
  }
}

function e2eStage() {
  build();
  if (!ensureDebianProgram("/usr/bin/prometheus", ["prometheus"])) {
    console.log("  notice: Prometheus is not installed; tests against it are skipped and counted.");
  }
  if (!ensureDebianProgram("/usr/bin/strace", ["strace"])) {
    console.log("  notice: strace is not installed; tests of disks that fail or are slow are skipped and counted.");
  }
  vitest("e2e");
}

function clientsStage() {
  build();
  if (ensureNode24() === undefined) {
    console.log("  notice: Node 24 cannot be installed here; tests of clients that need it are skipped and counted.");
  }
  vitest("clients");
}

function dockerStage() {
  build();
  const programs = [
    ["/usr/bin/prometheus", "prometheus"],
    ["/usr/bin/shellcheck", "shellcheck"],
    ["/usr/bin/docker-compose", "docker-compose"],
  ];
  for (const [program, name] of programs) {
    if (ensureDebianProgram(program, [name])) continue;
    console.log(`  notice: ${name} is not installed; tests that need it are skipped and counted.`);
  }
  vitest("docker");
}

function browserStage() {
  build();
  if (!ensureDebianProgram("/usr/bin/chromium", ["chromium", "fonts-noto-cjk"])) {
    console.log("  notice: Chromium is not installed; browser tests are skipped and counted.");
  }
  vitest("browser");
}

const STAGES = {
  static: staticStage,
  unit: () => vitest("unit"),
  web: () => vitest("web"),
  // The same inputs every time: what a new seed finds must not stop a change that has nothing to do with it.
  fuzz: () => vitest("fuzz", { NEXENT_FUZZ_SEED: process.env.NEXENT_FUZZ_SEED ?? "1" }),
  clients: clientsStage,
  e2e: e2eStage,
  docker: dockerStage,
  browser: browserStage,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => STAGES[name] === undefined);
if (unknown.length > 0) {
  console.error(`unknown stage: ${unknown.join(", ")}; stages are ${Object.keys(STAGES).join(", ")}`);
  process.exit(64);
}

prepare();
installClients();
mkdirSync(REPORTS, { recursive: true });
for (const [name, stage] of Object.entries(STAGES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedAt = performance.now();
  console.log(`\n== ${name}`);
  stage();
  console.log(`== ${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
if (recap.length > 0) console.log(`\nWhat failed:\n${recap.join("\n")}`);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
console.log(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exit(totals.failed === 0 ? 0 : 1);
