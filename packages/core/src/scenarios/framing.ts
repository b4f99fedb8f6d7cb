/** The same answer in unusual but legal framing. */
import { define } from "./define.ts";
import { oddSse } from "./framing-bytes.ts";
import { DONE, finish, ROLE, text, usage } from "./openai-frames.ts";
import type { Scenario } from "./scenario.ts";
import { at, every } from "./writes.ts";

const TRUTH = {
  outcome: "ok",
  firstChunkSeconds: 0.1,
  ttftSeconds: 0.2,
  firstAnswerTokenSeconds: 0.2,
  // (20 - 1) / (0.58 - 0.2)
  generationRateTokensPerSecond: 50,
  durationSeconds: 0.62,
  inputTokens: 7,
  outputTokens: 20,
  estimated: false,
  stallCount: 0,
} as const;

/** The JSON on two `data:` lines, cut behind its first comma. */
function onTwoLines(frame: string): string {
  return frame.replace(",", ",\ndata: ");
}

export const FRAMING: readonly Scenario[] = [
  define({
    name: "pings-between-tokens",
    title: "Comments between the tokens: they are no chunks and change nothing.",
    writes: [
      at(50, ": queued\n\n"),
      at(100, ROLE),
      ...every(20, 200, 20, () => text()).flatMap((write) => [write, at(write.atMs + 10, ": keep-alive\n\n")]),
      at(620, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: TRUTH,
  }),
  define({
    name: "odd-framing",
    title: "Byte order mark, CRLF, no space after the colon, data on two lines, frames cut in two writes.",
    writes: oddSse([
      at(100, ROLE),
      ...every(20, 200, 20, (i) => (i % 2 === 0 ? text() : onTwoLines(text()))),
      at(620, finish("stop"), usage(20), DONE),
    ]),
    end: { kind: "end", atMs: 620 },
    truth: TRUTH,
  }),
];
