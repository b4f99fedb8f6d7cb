/**
 * The fast path of the byte parser. Consecutive frames of a stream mostly differ in one piece of output; a frame that
 * equals the last parsed one but for that string (and for members we never read) needs no JSON.parse. Every shape is
 * proved once, by parsing a probe, before it may stand for other frames, so the events equal those of full parsing.
 */
import { isUtf8 } from "../utf8.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** A place of the frame that may vary: output of this kind, or a value nobody reads. */
type HoleKind = DeltaKind | "unread_string" | "unread_number";

interface Hole {
  readonly start: number;
  readonly end: number;
  readonly kind: HoleKind;
}

/** `literals[0] hole[0] literals[1] hole[1] ... literals.at(-1)` */
interface Shape {
  readonly literals: readonly string[];
  readonly holes: readonly HoleKind[];
  readonly kind: DeltaKind;
  readonly reasoningForm: StreamEvent["reasoningForm"];
  readonly choiceCount: number;
  readonly responseModel: string | undefined;
  readonly responseId: string | undefined;
}

/** Members of a format that differ from frame to frame. */
export interface VaryingMembers {
  /** Members that hold output, with its kind; without one, the rest of the frame says the kind. */
  readonly output: readonly (readonly [member: string, kind?: DeltaKind])[];
  /** Strings and whole numbers that are never read, wherever they stand. */
  readonly unreadStrings: readonly string[];
  readonly unreadNumbers: readonly string[];
}

/** {@link VaryingMembers}, as texts to search for. */
export interface Needles {
  readonly output: readonly (readonly [needle: string, kind: DeltaKind | undefined])[];
  readonly unread: readonly (readonly [needle: string, kind: HoleKind])[];
}

/** What to search for; made once per format. A quote inside a string is escaped, so no needle can match inside one. */
export function needlesOf({ output, unreadStrings, unreadNumbers }: VaryingMembers): Needles {
  const spellings = ["", " "];
  return {
    output: output.flatMap(([member, kind]) =>
      spellings.map((space): Needles["output"][number] => [`"${member}":${space}"`, kind]),
    ),
    unread: spellings.flatMap((space) => [
      ...unreadStrings.map((member): Needles["unread"][number] => [`"${member}":${space}"`, "unread_string"]),
      ...unreadNumbers.map((member): Needles["unread"][number] => [`"${member}":${space}`, "unread_number"]),
    ]),
  };
}

/** A stream whose frames never repeat their shape is parsed, not learnt again and again. */
const MAX_VAIN_LESSONS = 16;
const MAX_NUMBER_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** End of the string without escapes that begins at `start`: the index of its quote, or -1. */
function plainStringEnd(text: string, start: number): number {
  for (let i = start; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code < 0x20 || code === BACKSLASH) return -1;
  }
  return -1;
}

/** End of the whole number that begins at `start`, or -1. */
function numberEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) i += 1;
  const digits = i - start;
  return digits === 0 || digits > MAX_NUMBER_DIGITS || text.charCodeAt(start) === 0x30 ? -1 : i;
}

function holeEnd(text: string, start: number, kind: HoleKind): number {
  if (kind === "unread_number") return numberEnd(text, start);
  const end = plainStringEnd(text, start);
  if (kind === "unread_string") return end;
  // Only in valid UTF-8 is the number of bytes the number of bytes of the text.
  return end > start && isUtf8(text, start, end) ? end : -1;
}

function unreadHoles(frame: string, needles: Needles): readonly Hole[] {
  const found: Hole[] = [];
  for (const [needle, kind] of needles.unread) {
    const at = frame.indexOf(needle);
    const start = at + needle.length;
    const end = at < 0 ? -1 : holeEnd(frame, start, kind);
    if (end >= 0) found.push({ start, end, kind });
  }
  return found;
}

/** The one non-empty output string of the frame; undefined when there are several or none. */
function outputHole(frame: string, event: StreamEvent, needles: Needles): Hole | undefined {
  const { kind: counted, outputBytes } = event;
  if (counted === undefined) return undefined;
  let hole: Hole | undefined;
  for (const [needle, kind = counted] of needles.output) {
    for (let at = frame.indexOf(needle); at >= 0; at = frame.indexOf(needle, at + 1)) {
      const start = at + needle.length;
      // An empty string stays part of the literal text.
      if (frame.charCodeAt(start) === QUOTE) continue;
      if (hole !== undefined) return undefined;
      hole = { start, end: holeEnd(frame, start, kind), kind };
    }
  }
  return hole?.kind === counted && hole.end - hole.start === outputBytes ? hole : undefined;
}

/** A frame that says nothing but one piece of output (and who answers) may stand for others. */
function isPlainOutput(event: StreamEvent): boolean {
  return (
    event.type === "chunk" &&
    event.kind !== undefined &&
    event.kinds === DELTA_KIND_BIT[event.kind] &&
    event.usage === undefined &&
    event.finishReason === undefined &&
    event.serverTimings === undefined
  );
}

function shapeOf(frame: string, event: StreamEvent, output: Hole, needles: Needles): Shape {
  const holes = [output, ...unreadHoles(frame, needles)].sort((a, b) => a.start - b.start);
  const literals: string[] = [];
  let from = 0;
  for (const { start, end } of holes) {
    literals.push(frame.slice(from, start));
    from = end;
  }
  literals.push(frame.slice(from));
  return {
    literals,
    holes: holes.map(({ kind }) => kind),
    kind: event.kind ?? "text",
    reasoningForm: event.reasoningForm,
    choiceCount: event.choiceCount,
    responseModel: event.responseModel,
    responseId: event.responseId,
  };
}

/** Parses a frame into a fresh event; undefined when it is no chunk. */
type FrameReader = (frame: string) => StreamEvent | undefined;

/** Remembers the shape of the last parsed frame and recognises the next one by it. */
export class FrameShape {
  readonly #read: FrameReader;
  readonly #needles: Needles;
  #shape: Shape | undefined;
  #vainLessons = 0;

  constructor(needles: Needles, read: FrameReader) {
    this.#needles = needles;
    this.#read = read;
  }

  /** Fills the (empty) `event` when `frame` has the learnt shape; otherwise leaves it as it is. */
  match(frame: string, event: StreamEvent): boolean {
    const shape = this.#shape;
    if (shape === undefined) return false;
    const outputBytes = measure(frame, shape);
    if (outputBytes === 0) return false;
    event.kinds = DELTA_KIND_BIT[shape.kind];
    event.kind = shape.kind;
    event.outputBytes = outputBytes;
    event.reasoningForm = shape.reasoningForm;
    event.choiceCount = shape.choiceCount;
    event.responseModel = shape.responseModel;
    event.responseId = shape.responseId;
    this.#vainLessons = 0;
    return true;
  }

  /** Learns from a frame that was parsed into `event`. */
  learn(frame: string, event: StreamEvent): void {
    this.#shape = undefined;
    if (this.#vainLessons >= MAX_VAIN_LESSONS || !isPlainOutput(event)) return;
    const output = outputHole(frame, event, this.#needles);
    if (output === undefined) return;
    this.#vainLessons += 1;
    if (this.#isProved(frame, event, output)) this.#shape = shapeOf(frame, event, output, this.#needles);
  }

  /** Whether another string in the hole changes the byte count and nothing else. */
  #isProved(frame: string, event: StreamEvent, { start, end }: Hole): boolean {
    const probe = event.outputBytes === 1 ? "xx" : "x";
    const read = this.#read(frame.slice(0, start) + probe + frame.slice(end));
    return (
      read !== undefined &&
      isPlainOutput(read) &&
      read.kind === event.kind &&
      read.outputBytes === probe.length &&
      read.reasoningForm === event.reasoningForm &&
      read.choiceCount === event.choiceCount &&
      read.responseModel === event.responseModel &&
      read.responseId === event.responseId
    );
  }
}

/** Whether `literal` stands at `at`. Comparing a slice is ten times faster than `startsWith`. */
function standsAt(text: string, literal: string, at: number): boolean {
  return text.slice(at, at + literal.length) === literal;
}

/** Bytes of the output in `frame`; 0 when the frame has another shape. */
function measure(frame: string, { literals, holes }: Shape): number {
  let outputBytes = 0;
  let at = 0;
  for (let i = 0; i < holes.length; i += 1) {
    const literal = literals[i] ?? "";
    const kind = holes[i] ?? "text";
    if (!standsAt(frame, literal, at)) return 0;
    const start = at + literal.length;
    at = holeEnd(frame, start, kind);
    if (at < 0) return 0;
    if (kind !== "unread_string" && kind !== "unread_number") outputBytes = at - start;
  }
  const last = literals.at(-1) ?? "";
  return frame.length - at === last.length && standsAt(frame, last, at) ? outputBytes : 0;
}
