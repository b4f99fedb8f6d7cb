import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { OTLP_MESSAGES, type MessageName } from "./otlp-fields.ts";

/**
 * Counts before decoding: an empty message takes two bytes on the wire and hundreds in memory, so a body within every
 * limit of bytes could still fill the memory of the process.
 */

/** Messages within a message, by field number; `undefined` for fields that hold none. */
interface Children extends Array<Children | undefined> {}

const CHILDREN = childrenOfAll();

function childrenOfAll(): ReadonlyMap<string, Children> {
  const all = new Map<string, Children>(Object.keys(OTLP_MESSAGES).map((name) => [name, []]));
  for (const [name, fields] of Object.entries(OTLP_MESSAGES)) {
    const children = all.get(name) ?? [];
    for (const [, number, type] of fields) if (isMessage(type)) children[number] = all.get(type);
  }
  return all;
}

function isMessage(type: string): type is MessageName {
  return Object.hasOwn(OTLP_MESSAGES, type);
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A message takes at least its tag and its length. */
const MIN_MESSAGE_BYTES = 2;

/**
 * Walks a protobuf body without making anything of it. What is malformed is left for the decoder to refuse.
 * @throws {PAYLOAD_TOO_LARGE} beyond `LIMITS.messagesPerRequest`.
 */
export function checkMessageCount(root: MessageName, bytes: Uint8Array): void {
  if (bytes.length <= MIN_MESSAGE_BYTES * LIMITS.messagesPerRequest) return;
  let at = 0;
  let count = 0;

  /** Only the low 32 bits matter: no length and no tag of ours is longer. */
  function varint(end: number): number {
    let value = 0;
    for (let shift = 0; at < end; shift += 7) {
      const byte = bytes[at++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }

  function walk(children: Children, end: number, depth: number): void {
    while (at < end) {
      const tag = varint(end);
      const wireType = tag & 7;
      if (wireType === VARINT) varint(end);
      else if (wireType === FIXED64) at += 8;
      else if (wireType === FIXED32) at += 4;
      else if (wireType !== BYTES) at = bytes.length;
      else enter(children[tag >>> 3], end, depth);
    }
  }

  function enter(child: Children | undefined, end: number, depth: number): void {
    const length = varint(end);
    const childEnd = Math.min(end, at + length);
    if (child !== undefined) {
      if (++count > LIMITS.messagesPerRequest) throw tooManyMessages();
      if (depth < LIMITS.protobufNestingMessages) walk(child, childEnd, depth + 1);
    }
    at = childEnd;
  }

  walk(CHILDREN.get(root) ?? [], bytes.length, 0);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/**
 * The same for JSON: objects and lists, those inside strings left out.
 * @throws {PAYLOAD_TOO_LARGE} beyond `LIMITS.messagesPerRequest`.
 */
export function checkContainerCount(json: Uint8Array): void {
  let count = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++count > LIMITS.messagesPerRequest) throw tooManyMessages();
    }
  }
}

/** A request of more messages than `LIMITS.messagesPerRequest`. */
export function tooManyMessages(): MonitorError {
  return new MonitorError(
    "PAYLOAD_TOO_LARGE",
    `more than ${LIMITS.messagesPerRequest} spans, attributes, events and values in one request`,
  );
}
