/** Prompt and answer of one call, where the application has asked for them. Bounded, cleaned, and never in a metric. */
import { TextDecoder } from "node:util";
import {
  ATTR,
  emptyStreamEvent,
  LIMITS,
  utf8Length,
  type DeltaKind,
  type Provider,
  type StreamEvent,
} from "@nexent/monitor-core";
import type { Attributes, BackendSpan } from "../backend/backend.ts";
import type { ContentCapture } from "../config/content-capture.ts";
import { redactSecrets } from "../redact.ts";
import type { AnswerText } from "./answer-text.ts";
import { readAnswered, readAsked, type ContentMessage, type MessagePart } from "./content-messages.ts";

/** Takes what an answer says, besides its text in {@link AnswerText}. */
export interface AnswerContent {
  /** An answer in one piece. */
  whole(answer: unknown): void;
  /** Bytes of a streamed body in this format. */
  bytes(piece: Uint8Array, provider: Provider | undefined): void;
}

/** Characters of one attribute before they are encoded; a prompt keeps its newest messages. */
const CHARACTERS = 32 * 1024;
/** A secret that is cut in two is not recognised: so many characters past a cut are looked at. */
const PAST_CUT = 256;
const FEWEST_CHARACTERS = 256;
/** What a part takes without its text. */
const PART_CHARACTERS = 32;
const MOST_PARTS = 256;
const NAME_CHARACTERS = 256;

/** Names, ids and the like, as long as such things are. */
function named(text: string | undefined): string | undefined {
  return text?.slice(0, NAME_CHARACTERS);
}

type Direction = "input" | "output";

/** Cleans texts as long as there is room for them. */
class Cleaner {
  readonly #capture: ContentCapture;
  readonly #direction: Direction;
  #left: number;

  constructor(capture: ContentCapture, direction: Direction, characters: number) {
    this.#capture = capture;
    this.#direction = direction;
    this.#left = characters;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  text(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    const room = Math.max(0, this.#left);
    const safe = redactSecrets(text.slice(0, room + PAST_CUT));
    const cut = text.length > room || safe.length > room ? `${safe.slice(0, room)}…` : safe;
    this.#left -= Math.min(text.length, room + 1);
    return this.#redacted(cut);
  }

  part({ type, content, id, name, arguments: given, response }: MessagePart): object {
    this.#left -= PART_CHARACTERS;
    return {
      type: named(type),
      id: named(id),
      name: named(name),
      content: this.text(content),
      arguments: this.text(given),
      response: this.text(response),
    };
  }

  message({ role, parts, finish_reason }: ContentMessage): object {
    this.#left -= PART_CHARACTERS;
    const kept: object[] = [];
    for (const part of parts) if (!this.full) kept.push(this.part(part));
    return { role: named(role), parts: kept, finish_reason: named(finish_reason) };
  }

  #redacted(text: string): string | undefined {
    const { redact } = this.#capture;
    if (redact === undefined) return text;
    try {
      const redacted: unknown = redact(text, this.#direction);
      return typeof redacted === "string" ? redacted : undefined;
    } catch {
      // What could not be redacted is not recorded.
      return undefined;
    }
  }
}

/** JSON of at most the bytes that a content attribute may have. */
function bounded(write: (characters: number) => unknown): string | undefined {
  for (let characters = CHARACTERS; characters >= FEWEST_CHARACTERS; characters /= 2) {
    const json = JSON.stringify(write(characters));
    if (utf8Length(json) <= LIMITS.contentValueBytes) return json;
  }
  return undefined;
}

function cleaned(capture: ContentCapture, direction: Direction, messages: readonly ContentMessage[]) {
  return bounded((characters) => {
    const cleaner = new Cleaner(capture, direction, characters);
    const kept: object[] = [];
    // The newest first: they are what was asked.
    for (const message of messages.toReversed()) {
      if (cleaner.full) break;
      kept.push(cleaner.message(message));
    }
    return kept.toReversed();
  });
}

const KINDS: Readonly<Record<DeltaKind, string>> = {
  text: "text",
  refusal: "text",
  reasoning: "reasoning",
  tool: "tool_call",
  audio: "audio",
};

const TOOL_NAME = /^[A-Za-z_][\w.-]{0,127}$/;

/** The streamed pieces of an answer, those of one kind after the other in one part. */
class StreamedParts {
  readonly #parts: { readonly type: string; readonly pieces: string[]; name?: string }[] = [];
  #characters = 0;

  add(kind: DeltaKind, text: string): void {
    const type = KINDS[kind];
    let last = this.#parts.at(-1);
    if (last?.type !== type) {
      if (this.#parts.length >= MOST_PARTS) return;
      this.#parts.push((last = { type, pieces: [] }));
      // A call of a tool begins with its name.
      if (kind === "tool" && TOOL_NAME.test(text)) return void (last.name = text);
    }
    if (this.#characters > CHARACTERS || kind === "audio") return;
    this.#characters += text.length;
    last.pieces.push(text.slice(0, CHARACTERS + PAST_CUT));
  }

  clear(): void {
    this.#parts.length = 0;
    this.#characters = 0;
  }

  read(): readonly MessagePart[] {
    return this.#parts.map(({ type, pieces, name }) => {
      const content = pieces.join("");
      if (type !== "tool_call") return { type, content };
      return { type, ...(name !== undefined && { name }), arguments: content };
    });
  }
}

/** What one call asked and was told. Nothing in it throws. */
export class CallContent implements AnswerContent {
  readonly #capture: ContentCapture;
  readonly #asked: Attributes;
  readonly #streamed = new StreamedParts();
  #whole: readonly ContentMessage[] = [];
  #event: StreamEvent | undefined;
  #decoder: TextDecoder | undefined;
  #line = "";

  constructor(capture: ContentCapture, request: unknown) {
    this.#capture = capture;
    this.#asked = this.#read(request);
  }

  /** Written at the start: a call that never ends has been asked all the same. */
  writeAsked(span: BackendSpan): void {
    if (this.#capture.span) span.setAttributes(this.#asked);
  }

  writeAnswered(span: BackendSpan, finishReasons: readonly string[]): void {
    try {
      const answered = this.#answered(finishReasons);
      if (this.#capture.span) span.setAttributes(answered);
      if (this.#capture.event)
        span.addEvent("gen_ai.client.inference.operation.details", { ...this.#asked, ...answered });
    } catch {
      // A hostile answer: it goes unrecorded.
    }
  }

  /** The texts for a tokenizer, with ours heard beside them. */
  over(text: AnswerText | undefined): AnswerText {
    return {
      add: (kind, piece) => {
        this.#streamed.add(kind, piece);
        text?.add(kind, piece);
      },
      drop: () => text?.drop(),
      get complete() {
        return text?.complete ?? false;
      },
      read: () => text?.read(),
    };
  }

  whole(answer: unknown): void {
    try {
      this.#whole = readAnswered(answer);
    } catch {
      // As above.
    }
  }

  bytes(piece: Uint8Array, provider: Provider | undefined): void {
    if (provider === undefined) return;
    this.#decoder ??= new TextDecoder();
    const lines = (this.#line + this.#decoder.decode(piece, { stream: true })).split(/\r\n|\r|\n/);
    this.#line = (lines.pop() ?? "").slice(0, LIMITS.observerLineBytes);
    for (const line of lines) this.#readLine(line, provider);
  }

  /** Another attempt answers anew. */
  restart(): void {
    this.#streamed.clear();
    this.#whole = [];
    this.#line = "";
    this.#decoder = undefined;
  }

  /** A line of server-sent events or of JSON lines. */
  #readLine(line: string, provider: Provider): void {
    const json = line.startsWith("data:") ? line.slice("data:".length) : line;
    if (!json.trimStart().startsWith("{")) return;
    this.#event ??= { ...emptyStreamEvent(), onText: (kind, text) => this.#streamed.add(kind, text) };
    try {
      provider.readChunk(JSON.parse(json), this.#event);
    } catch {
      // A line of another shape says nothing.
    }
  }

  #read(request: unknown): Attributes {
    try {
      const { system, messages } = readAsked(request);
      const input = messages.length === 0 ? undefined : cleaned(this.#capture, "input", messages);
      const instructions = system.length === 0 ? undefined : this.#instructions(system);
      return {
        ...(input !== undefined && { [ATTR.genAiInputMessages]: input }),
        ...(instructions !== undefined && { [ATTR.genAiSystemInstructions]: instructions }),
      };
    } catch {
      // A hostile request: the call goes on, its prompt unrecorded.
      return {};
    }
  }

  #instructions(system: readonly MessagePart[]): string | undefined {
    return bounded((characters) => {
      const cleaner = new Cleaner(this.#capture, "input", characters);
      return system.slice(0, MOST_PARTS).map((part) => cleaner.part(part));
    });
  }

  #answered(finishReasons: readonly string[]): Attributes {
    const streamed = this.#streamed.read();
    const [finish_reason] = finishReasons;
    const said = { role: "assistant", parts: streamed, ...(finish_reason !== undefined && { finish_reason }) };
    const messages = streamed.length > 0 ? [said] : this.#whole;
    const output = messages.length === 0 ? undefined : cleaned(this.#capture, "output", messages);
    return output === undefined ? {} : { [ATTR.genAiOutputMessages]: output };
  }
}

/** Opens the content of a call; undefined unless the application asked for it and a span carries it. */
export function openContent(
  capture: ContentCapture | undefined,
  request: unknown,
  span: BackendSpan,
): CallContent | undefined {
  if (capture === undefined || !span.recording) return undefined;
  const content = new CallContent(capture, request);
  content.writeAsked(span);
  return content;
}
