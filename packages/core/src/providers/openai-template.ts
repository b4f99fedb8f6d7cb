/**
 * The fast path of the byte parser. Consecutive frames of a stream mostly differ in one string only; a frame equal to
 * the last parsed one, but for that string, needs no JSON.parse and gives the same event by construction.
 */
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** A frame with one hole: the text before and behind the varying string. */
interface Template {
  readonly before: string;
  readonly behind: string;
  readonly kind: DeltaKind;
}

/** The members whose string may vary, with the kind they count as. */
const VARYING: readonly { readonly needle: string; readonly kind: DeltaKind }[] = [
  { needle: '"content":"', kind: "text" },
  { needle: '"content": "', kind: "text" },
  { needle: '"text":"', kind: "text" },
  { needle: '"text": "', kind: "text" },
  { needle: '"reasoning_content":"', kind: "reasoning" },
  { needle: '"reasoning":"', kind: "reasoning" },
];

/** A JSON string without escapes, quotes or control characters: its latin1 length is its UTF-8 byte count. */
function isPlain(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c) return false;
  }
  return end > start;
}

function templateOf(frame: string, event: StreamEvent): Template | undefined {
  const { kind } = event;
  // Only a frame that says nothing but one piece of output may stand for others.
  if (kind === undefined || event.kinds !== DELTA_KIND_BIT[kind] || event.type !== "chunk") return undefined;
  if (event.usage !== undefined || event.finishReason !== undefined || event.serverTimings !== undefined)
    return undefined;
  // Two candidate members in one frame would leave open which of them was counted.
  const found = VARYING.filter(({ needle }) => frame.includes(needle));
  const varying = found[0];
  if (varying === undefined || found.length > 1 || varying.kind !== kind) return undefined;
  const at = frame.indexOf(varying.needle);
  if (frame.includes(varying.needle, at + 1)) return undefined;
  const start = at + varying.needle.length;
  const end = frame.indexOf('"', start);
  if (end - start !== event.outputBytes || !isPlain(frame, start, end)) return undefined;
  return { before: frame.slice(0, start), behind: frame.slice(end), kind };
}

/** Remembers the last frame's shape and recognises the next one by it. */
export class FrameTemplate {
  #template: Template | undefined;
  #choiceCount = 0;
  #responseModel: string | undefined;
  #responseId: string | undefined;

  /** Fills `event` when `frame` differs from the learnt one only in its string. */
  match(frame: string, event: StreamEvent): boolean {
    const template = this.#template;
    if (template === undefined) return false;
    const start = template.before.length;
    const end = frame.length - template.behind.length;
    if (end <= start || !frame.startsWith(template.before) || !frame.endsWith(template.behind)) return false;
    if (!isPlain(frame, start, end)) return false;
    event.kinds = DELTA_KIND_BIT[template.kind];
    event.kind = template.kind;
    event.outputBytes = end - start;
    event.choiceCount = this.#choiceCount;
    event.responseModel = this.#responseModel;
    event.responseId = this.#responseId;
    return true;
  }

  /** Learns from a frame that was parsed into `event`. */
  learn(frame: string, event: StreamEvent): void {
    this.#template = templateOf(frame, event);
    this.#choiceCount = event.choiceCount;
    this.#responseModel = event.responseModel;
    this.#responseId = event.responseId;
  }
}
