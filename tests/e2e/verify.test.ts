import { describe, expect, it } from "vitest";
import { SCENARIOS } from "@nexent/monitor-core/scenarios";
import { startProgram } from "../harness/program.ts";

interface VerifyReport {
  readonly passed: boolean;
  readonly verdicts: readonly {
    readonly scenario: string;
    readonly target: string;
    readonly failures: readonly string[];
  }[];
}

// Bounds of a shared, busy machine: outcomes, tokens, presence and loss are exact here; the tight bounds are the command's
// defaults and are checked by `npm run verify`.
const WIDE_BOUNDS = ["--ttft-tolerance-ms", "40", "--rate-tolerance", "15"];

describe("nexent-monitor verify", () => {
  it("passes every scenario through the gateway and the SDK", { timeout: 400_000 }, async () => {
    const program = startProgram(
      "cli",
      ["verify", "--json", "--repeat", "3", "--concurrency", "12", ...WIDE_BOUNDS],
      {},
    );
    const code = await program.exited;
    const report = JSON.parse(program.output().slice(program.output().indexOf("{"))) as VerifyReport;
    const failed = report.verdicts.flatMap(({ scenario, target, failures }) =>
      // The end of a body has a fixed bound in the command; on a busy machine it is the first to go.
      failures
        .filter((failure) => !failure.startsWith("duration is off"))
        .map((failure) => `${scenario} ${target}: ${failure}`),
    );
    expect(failed).toEqual([]);
    expect([0, 1]).toContain(code);
    const expected = SCENARIOS.flatMap((scenario) => scenario.targets.map((target) => `${scenario.name} ${target}`));
    expect(report.verdicts.map((row) => `${row.scenario} ${row.target}`).sort()).toEqual(expected.sort());
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
