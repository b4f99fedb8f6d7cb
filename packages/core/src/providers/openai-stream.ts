/** How frames of OpenAI's chat and completions formats are read. */
import { readFault } from "./fault.ts";
import { countCutOutput, type CutNeedles } from "./frames.ts";
import { fillEvent } from "./openai-chunk.ts";
import { createSseParsers } from "./sse-stream.ts";

/** What tells the kind of a frame that was too long to be held, best first. */
const CUT_NEEDLES: CutNeedles = [
  [/"(?:content|text)": ?"(?!")/, "text"],
  [/"reasoning(?:_content)?": ?"(?!")/, "reasoning"],
  [/"arguments": ?"(?!")/, "tool"],
  [/"(?:url|data)": ?"(?!")/, "audio"],
];

/** A parser for one answer. */
export const createOpenAiStreamParser = createSseParsers({
  read(event, frame) {
    fillEvent(event, frame);
    return "event";
  },
  readError: (frame) => readFault(frame?.["error"] ?? frame),
  readCut(event, _name, held) {
    if (!countCutOutput(event, held, CUT_NEEDLES)) event.type = "malformed";
    return "event";
  },
  varying: {
    output: [
      ["content", "text"],
      ["text", "text"],
      ["reasoning_content", "reasoning"],
      ["reasoning", "reasoning"],
    ],
    unreadStrings: ["obfuscation"],
    unreadNumbers: ["created"],
  },
});
