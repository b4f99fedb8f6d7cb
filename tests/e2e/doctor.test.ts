import { afterAll, beforeAll, expect, it } from "vitest";
import { freePorts } from "../harness/ports.ts";
import { answers, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

interface Report {
  readonly healthy: boolean;
  readonly findings: readonly { readonly id: string; readonly level: string; readonly text: string }[];
}

const folder = temporaryFolder();
let env: Record<string, string> = {};
let stack: Program;

beforeAll(async () => {
  env = { ...(await freePorts()), LLM_MONITOR_DATA_DIR: `${folder.path}/data` };
  stack = startProgram("cli", ["up"], env);
  await answers(`http://127.0.0.1:${env["GATEWAY_PORT"] ?? ""}/health`, stack);
  await answers(`http://127.0.0.1:${env["LLM_MONITOR_DASHBOARD_PORT"] ?? ""}/ready`, stack);
});

afterAll(async () => {
  await stack.stop("SIGINT");
  folder.remove();
});

async function doctor(): Promise<readonly [code: number | string, Report]> {
  // Prometheus of another installation on this host must not take part.
  const program = startProgram("cli", ["doctor", "--json", "--prometheus-url", "http://127.0.0.1:1"], env);
  const code = await program.exited;
  return [code, JSON.parse(program.output()) as Report];
}

it("finds nothing wrong with the running product, and follows one call into every back end", async () => {
  const [code, report] = await doctor();
  expect(report.findings.filter(({ level }) => level === "problem" || level === "warning")).toEqual([]);
  expect([code, report.healthy]).toEqual([0, true]);
  const found = report.findings.map(({ id }) => id);
  for (const id of ["probe_answered", "probe_metric", "probe_trace", "clock_ok", "storage_ok"]) {
    expect(found).toContain(id);
  }
});

it("says what is down once it is", async () => {
  expect(await stack.stop("SIGINT")).toBe(0);
  const [code, report] = await doctor();
  expect([code, report.healthy]).toEqual([1, false]);
  expect(report.findings.filter(({ id }) => id === "part_down").map(({ text }) => text.split(" ")[0])).toEqual([
    "gateway",
    "dashboard",
    "Jaeger",
  ]);
});
