import { createOutput, type Output } from "../output.ts";

/** An output for tests: keeps what was written, on both streams. */
export interface RecordingOutput extends Output {
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** @param interactive whether stdout pretends to be a terminal; default false. */
export function createRecordingOutput(interactive = false): RecordingOutput {
  const out: string[] = [];
  const err: string[] = [];
  const output = createOutput(
    { write: (text) => out.push(text), isTTY: interactive, columns: 100 },
    { write: (text) => err.push(text) },
  );
  return Object.assign(output, { stdout: () => out.join(""), stderr: () => err.join("") });
}
