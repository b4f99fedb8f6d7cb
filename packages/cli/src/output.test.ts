import { expect, it } from "vitest";
import { createRecordingOutput } from "./testing/recording-output.ts";

it("draws a progress line on a terminal and wipes it before the next line", () => {
  const output = createRecordingOutput(true);
  output.progress("half way");
  output.line("done");
  expect(output.stdout()).toBe("half way\r\x1b[2Kdone\n");
});

it("draws no progress line where there is no terminal", () => {
  const output = createRecordingOutput(false);
  output.progress("half way");
  output.line("done");
  expect(output.stdout()).toBe("done\n");
});

it("cuts a progress line to the width of the terminal, so that it stays one line", () => {
  const output = createRecordingOutput(true);
  output.progress("x".repeat(500));
  expect(output.stdout()).toHaveLength(99);
});
