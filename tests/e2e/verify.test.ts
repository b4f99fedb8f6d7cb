import { describe, expect, it } from "vitest";
import { SCENARIOS } from "@nexent/monitor-core/scenarios";
import { startProgram } from "../harness/program.ts";

interface VerifyReport {
  readonly passed: boolean;
  readonly rows: readonly { readonly scenario: string; readonly target: string; readonly passed: boolean }[];
}

describe("nexent-monitor verify", () => {
  it("passes every scenario through the gateway and the SDK", { timeout: 240_000 }, async () => {
    const program = startProgram("cli", ["verify", "--json"], {});
    const code = await program.exited;
    const report = JSON.parse(program.output().slice(program.output().indexOf("{"))) as VerifyReport;
    expect(report.rows.filter((row) => !row.passed)).toEqual([]);
    expect(code).toBe(0);
    const expected = SCENARIOS.flatMap((scenario) => scenario.targets.map((target) => `${scenario.name} ${target}`));
    expect(report.rows.map((row) => `${row.scenario} ${row.target}`).sort()).toEqual(expected.sort());
  });

  it("fails with a non-zero exit code when a bound is not met", { timeout: 60_000 }, async () => {
    const program = startProgram(
      "cli",
      [
        "verify",
        "--json",
        "--target",
        "gateway",
        "--repeat",
        "1",
        "--scenario",
        "role-only-first-chunk",
        "--ttft-tolerance-ms",
        "0",
      ],
      {},
    );
    expect(await program.exited, program.output()).toBe(1);
  });
});
