/** The same answer in unusual but legal framing. */
import { define } from "./define.ts";
import { at, DONE, every, finish, ROLE, text, usage } from "./openai-frames.ts";
import type { Scenario } from "./scenario.ts";

const BOM = "\uFEFF";

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

/** CRLF line ends, no space after the colon, and fields nobody asked for. */
function odd(frames: string): string {
  return frames.replaceAll("data: ", "id:1\nretry:3000\ndata:").replaceAll("\n", "\r\n");
}

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
      ...every(20, 200, 20).flatMap((write) => [write, at(write.atMs + 10, ": keep-alive\n\n")]),
      at(620, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: TRUTH,
  }),
  define({
    name: "odd-framing",
    title: "Byte order mark, CRLF, no space after the colon, data on two lines, frames cut in two writes.",
    writes: [
      at(100, BOM, odd(ROLE)),
      // A token is there when its event is complete, which here is 10 ms after it began.
      ...every(20, 200, 20, (i) => odd(i % 2 === 0 ? text() : onTwoLines(text()))).flatMap(({ atMs, text: bytes }) => [
        at(atMs - 10, bytes.slice(0, 40)),
        at(atMs, bytes.slice(40)),
      ]),
      at(620, odd(finish("stop") + usage(20) + DONE)),
    ],
    end: { kind: "end", atMs: 620 },
    truth: TRUTH,
  }),
];
