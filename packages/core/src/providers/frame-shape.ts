/**
 * The fast path of the byte parser. Consecutive frames of a stream mostly differ in one piece of output; a frame that
 * equals the last parsed one but for that string (and for members we never read) needs no JSON.parse. Every shape is
 * proved once, by parsing a probe, before it may stand for other frames, so the events equal those of full parsing.
 */
import { isUtf8 } from "../utf8.ts";
import { FrameTemplate, isShortEscape, MAX_NUMBER_DIGITS, type HoleKind } from "./frame-template.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

interface Hole {
  readonly start: number;
  readonly end: number;
  readonly kind: HoleKind;
}

/** `literals[0] hole[0] literals[1] hole[1] ... literals.at(-1)`, then any number of spaces and the last brace. */
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const CLOSE_OBJECT = 0x7d;

/** What a search for the end of a string found; one object for the stream, none per frame. */
interface StringScan {
  /** Index of the closing quote, or -1: the string is not JSON, or holds an escape that only a parser can count. */
  end: number;
  /** Bytes of the text between the quotes. */
  bytes: number;
}

/** Scans the string that begins at `start`, behind its quote. */
function scanString(text: string, start: number, into: StringScan): void {
  let escapes = 0;
  let isAscii = true;
  into.end = -1;
  for (let i = start; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      // Only in valid UTF-8 is the number of bytes the number of bytes of the text.
      if (isAscii || isUtf8(text, start, i)) into.end = i;
      into.bytes = i - start - escapes;
      return;
    }
    if (code === BACKSLASH) {
      i += 1;
      if (!isShortEscape(text.charCodeAt(i))) return;
      escapes += 1;
    } else if (code < SPACE) return;
    else if (code >= 0x80) isAscii = false;
  }
}

/** End of the whole number that begins at `start`, or -1. */
function numberEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) i += 1;
  const digits = i - start;
  return digits === 0 || digits > MAX_NUMBER_DIGITS || text.charCodeAt(start) === 0x30 ? -1 : i;
}

/** End of a hole; `scan` then holds its bytes if it is a string. */
function holeEnd(text: string, start: number, kind: HoleKind, scan: StringScan): number {
  if (kind === "unread_number") return numberEnd(text, start);
  scanString(text, start, scan);
  return scan.end;
}

/** Where the padding in front of the last brace begins, or -1. Anthropic's frames are padded with any number of spaces. */
function paddingStart(frame: string): number {
  let at = frame.length - 1;
  if (frame.charCodeAt(at) !== CLOSE_OBJECT) return -1;
  while (frame.charCodeAt(at - 1) === SPACE) at -= 1;
  return at;
}

function unreadHoles(frame: string, needles: Needles, scan: StringScan): readonly Hole[] {
  const found: Hole[] = [];
  for (const [needle, kind] of needles.unread) {
    const at = frame.indexOf(needle);
    const start = at + needle.length;
    const end = at < 0 ? -1 : holeEnd(frame, start, kind, scan);
    if (end >= 0) found.push({ start, end, kind });
  }
  return found;
}

/** The one non-empty output string of the frame; undefined when there are several or none. */
function outputHole(frame: string, event: StreamEvent, needles: Needles, scan: StringScan): Hole | undefined {
  const { kind: counted, outputBytes } = event;
  if (counted === undefined) return undefined;
  let hole: Hole | undefined;
  for (const [needle, kind = counted] of needles.output) {
    for (let at = frame.indexOf(needle); at >= 0; at = frame.indexOf(needle, at + 1)) {
      const start = at + needle.length;
      // An empty string stays part of the literal text.
      if (frame.charCodeAt(start) === QUOTE) continue;
      if (hole !== undefined) return undefined;
      hole = { start, end: holeEnd(frame, start, kind, scan), kind };
    }
  }
  // What was scanned last is the hole: there is no other.
  return hole !== undefined && hole.end >= 0 && hole.kind === counted && scan.bytes === outputBytes ? hole : undefined;
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

function shapeOf(frame: string, event: StreamEvent, output: Hole, unread: readonly Hole[]): Shape {
  const holes = [output, ...unread].sort((a, b) => a.start - b.start);
  const literals: string[] = [];
  let from = 0;
  for (const { start, end } of holes) {
    literals.push(frame.slice(from, start));
    from = end;
  }
  literals.push(frame.slice(from, paddingStart(frame)));
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
  readonly #scan: StringScan = { end: -1, bytes: 0 };
  #shape: Shape | undefined;
  /** The shape with what stood around its frame on the wire; made when it has stood for a frame once. */
  #template: FrameTemplate | undefined;
  #vainLessons = 0;

  constructor(needles: Needles, read: FrameReader) {
    this.#needles = needles;
    this.#read = read;
  }

  /** Fills the (empty) `event` when `frame` has the learnt shape; otherwise leaves it as it is. */
  match(frame: string, eventName: string, event: StreamEvent): boolean {
    const shape = this.#shape;
    if (shape === undefined) return false;
    const outputBytes = measure(frame, shape, this.#scan);
    if (outputBytes === 0) return false;
    this.#template ??= new FrameTemplate(shape, eventName);
    this.#fill(event, shape, outputBytes);
    return true;
  }

  /**
   * As {@link match}, for a whole event as it stands on the wire from `start` on, without making a text of it.
   * @returns the index behind its blank line; -1 when it is another event, or not there as a whole.
   */
  matchBytes(bytes: Uint8Array, start: number, event: StreamEvent): number {
    const template = this.#template;
    const shape = this.#shape;
    if (template === undefined || shape === undefined) return -1;
    const end = template.match(bytes, start);
    if (end >= 0) this.#fill(event, shape, template.outputBytes);
    return end;
  }

  #fill(event: StreamEvent, shape: Shape, outputBytes: number): void {
    event.kinds = DELTA_KIND_BIT[shape.kind];
    event.kind = shape.kind;
    event.outputBytes = outputBytes;
    event.reasoningForm = shape.reasoningForm;
    event.choiceCount = shape.choiceCount;
    event.responseModel = shape.responseModel;
    event.responseId = shape.responseId;
    this.#vainLessons = 0;
  }

  /** Learns from a frame that was parsed into `event`. What was learnt before stays true until something better comes. */
  learn(frame: string, event: StreamEvent): void {
    if (this.#vainLessons >= MAX_VAIN_LESSONS || !isPlainOutput(event) || paddingStart(frame) < 0) return;
    const output = outputHole(frame, event, this.#needles, this.#scan);
    if (output === undefined) return;
    this.#vainLessons += 1;
    if (!this.#isProved(frame, event, output)) return;
    this.#shape = shapeOf(frame, event, output, unreadHoles(frame, this.#needles, this.#scan));
    this.#template = undefined;
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
function measure(frame: string, { literals, holes }: Shape, scan: StringScan): number {
  let outputBytes = 0;
  let at = 0;
  for (let i = 0; i < holes.length; i += 1) {
    const literal = literals[i] ?? "";
    const kind = holes[i] ?? "text";
    if (!standsAt(frame, literal, at)) return 0;
    at = holeEnd(frame, at + literal.length, kind, scan);
    if (at < 0) return 0;
    if (kind !== "unread_string" && kind !== "unread_number") outputBytes = scan.bytes;
  }
  const last = literals.at(-1) ?? "";
  return paddingStart(frame) - at === last.length && standsAt(frame, last, at) ? outputBytes : 0;
}
