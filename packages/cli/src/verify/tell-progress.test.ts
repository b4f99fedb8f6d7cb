import { expect, it } from "vitest";
import { createRecordingOutput } from "../testing/recording-output.ts";
import { progressTeller } from "./tell-progress.ts";

function play(tell: ReturnType<typeof progressTeller>, total: number, round = 0): void {
  for (let done = 1; done <= total; done++) tell({ done, total, round });
}

it("prints a line on stderr with every tenth of a round where there is no terminal", () => {
  const output = createRecordingOutput(false);
  let seconds = 0;
  const tell = progressTeller(output, () => seconds++);
  play(tell, 50);
  expect(output.stdout()).toBe("");
  const lines = output.stderr().trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe("verify: 5 of 50 calls, 4 s");
  expect(lines.at(-1)).toBe("verify: 50 of 50 calls, 49 s");
  play(tell, 3, 1);
  expect(output.stderr().trimEnd().split("\n").slice(10)).toEqual([
    "verify: 1 of 3 calls again, round 1, 50 s",
    "verify: 2 of 3 calls again, round 1, 51 s",
    "verify: 3 of 3 calls again, round 1, 52 s",
  ]);
});

it("redraws one line on a terminal, and leaves stderr alone", () => {
  const output = createRecordingOutput(true);
  play(
    progressTeller(output, () => 0),
    20,
  );
  expect(output.stderr()).toBe("");
  expect(output.stdout()).toContain("verify: 1 of 20 calls, 0 s\r");
});
