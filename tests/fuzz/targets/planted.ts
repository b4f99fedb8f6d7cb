import { must, type FuzzTarget } from "../harness/target.ts";

const seeds = (): readonly Uint8Array[] => [new Uint8Array(Buffer.from("a harmless beginning, 12345"))];
const held: Uint8Array[] = [];

function planted(token: string, harm: () => void): FuzzTarget {
  return {
    seeds,
    dictionary: [token],
    run(input) {
      if (Buffer.from(input).includes(token)) harm();
    },
  };
}

/** Byte by byte, so that only what follows the coverage gets behind the last one. */
function throwBehindSteps(input: Uint8Array): void {
  if (input[0] !== 0x46) return;
  if (input[1] !== 0x55) return;
  if (input[2] !== 0x5a) return;
  throw new RangeError("a planted bug");
}

/** Bugs on purpose: a throw on a magic value, one behind three steps, an endless loop, a slow input, memory that grows. */
export const PLANTED: Readonly<Record<string, FuzzTarget>> = {
  "planted-throw": planted("MAGIC", () => must(false, "a planted difference")),
  "planted-steps": { seeds, dictionary: ["F", "U", "Z"], run: throwBehindSteps },
  "planted-hang": planted("LOOP", () => {
    for (;;);
  }),
  "planted-slowness": planted("SLOW", () => {
    const end = performance.now() + 700;
    while (performance.now() < end);
  }),
  "planted-growth": planted("GROW", () => void held.push(new Uint8Array(96 * 1024 * 1024).fill(1))),
  "planted-nothing": { seeds, run: () => undefined },
};
