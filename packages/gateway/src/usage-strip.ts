/**
 * Removes from a stream what the injected usage request added: the event with `choices:[]` and `usage`, and the
 * `usage:null` of the others. Works on whole server-sent events; everything that is not touched keeps its bytes.
 */
import { LIMITS } from "@nexent/monitor-core";
import { findMember } from "./usage-field.ts";

const NEEDLE = '"usage"';
const NULL_MEMBER = ',"usage":null';
/** From the member to the end of the payload: behind it only members with plain string values, as `obfuscation` is. */
const FLAT_END = /^,"usage":null(?:,"[^"\\]*":"[^"\\]*")*\}$/;
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const EMPTY = Buffer.alloc(0);

/** Rewrites one streamed answer. */
export interface UsageStripper {
  /** Bytes to pass on now; may be empty while an event is incomplete. */
  push(chunk: Buffer): Buffer;
  /** The rest at the end of the body, or before a cut is passed on. */
  flush(): Buffer;
}

/** Index of the line break at or after `at`, or the length. */
function lineEnd(text: string, at: number): number {
  const lf = text.indexOf("\n", at);
  const cr = text.indexOf("\r", at);
  if (lf < 0) return cr < 0 ? text.length : cr;
  return cr < 0 || cr > lf ? lf : cr;
}

/** Start and end of the only `data:` value of an event; undefined when there is none or there are several. */
function dataSpan(text: string): { readonly start: number; readonly end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  for (let at = 0; at < text.length;) {
    const end = lineEnd(text, at);
    // A byte-order mark, three latin1 characters here, may stand before the first line.
    const line = text.startsWith("\u00ef\u00bb\u00bf", at) ? at + 3 : at;
    if (text.startsWith("data:", line)) {
      if (found !== undefined) return undefined;
      found = { start: line + 5, end };
    }
    at = end + 1;
  }
  return found;
}

function without(event: Buffer, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe(event.length - (to - from));
  event.copy(out, 0, 0, from);
  event.copy(out, from, to);
  return out;
}

/**
 * Index of a `,"usage":null` that is surely a member of the outermost object: nothing behind it opens or closes another
 * one, and inside a string its quotes would be escaped. -1 when it takes a closer look.
 */
function flatMember(payload: string): number {
  const at = payload.lastIndexOf(NULL_MEMBER);
  return at >= 0 && FLAT_END.test(payload.slice(at)) ? at : -1;
}

/** One whole event, separator included; the same buffer when nothing is ours in it. */
function stripEvent(event: Buffer): Buffer {
  const text = event.toString("latin1");
  if (!text.includes(NEEDLE)) return event;
  const span = dataSpan(text);
  if (span === undefined) return event;
  const payload = text.slice(span.start, span.end);
  const flat = flatMember(payload);
  if (flat >= 0) return without(event, span.start + flat, span.start + flat + NULL_MEMBER.length);
  const usage = findMember(payload, "usage");
  if (usage === undefined) return event;
  if (usage.value === "null") return without(event, span.start + usage.start, span.start + usage.end);
  const choices = findMember(payload, "choices");
  return choices !== undefined && /^\[\s*\]$/.test(choices.value) ? EMPTY : event;
}

/**
 * The usual read: exactly one event of one line, ended by line feeds. Same result as the general way.
 * @returns undefined when the read is anything else.
 */
function stripSingle(chunk: Buffer): Buffer | undefined {
  const text = chunk.toString("latin1");
  if (!text.startsWith("data:") || !text.endsWith("\n\n") || text.indexOf("\n") !== text.length - 2) return undefined;
  if (!text.includes(NEEDLE)) return text.includes("\r") ? undefined : chunk;
  const flat = text.includes("\r") ? -1 : flatMember(text.slice(0, -2));
  return flat < 0 ? undefined : without(chunk, flat, flat + NULL_MEMBER.length);
}

class SseUsageStripper implements UsageStripper {
  readonly #maxEventBytes: number;
  #carry: Buffer = EMPTY;
  /** Bytes of `#carry` already searched for a separator. */
  #searched = 0;
  /** Inside an event beyond the bound: its rest passes as it is. */
  #passing = false;
  #usesCrLf = false;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  push(chunk: Buffer): Buffer {
    if (this.#carry.length === 0 && !this.#passing) {
      const single = stripSingle(chunk);
      if (single !== undefined) return single;
    }
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    const out: Buffer[] = [];
    let start = 0;
    let search = this.#searched;
    for (;;) {
      const end = this.#eventEnd(bytes, start, search);
      if (end < 0) break;
      const event = bytes.subarray(start, end);
      out.push(this.#passing ? event : stripEvent(event));
      this.#passing = false;
      start = end;
      search = end;
    }
    this.#keepRest(bytes, start, out);
    return out.length === 1 ? (out[0] ?? EMPTY) : Buffer.concat(out);
  }

  flush(): Buffer {
    const rest = this.#carry;
    this.#carry = EMPTY;
    this.#searched = 0;
    return this.#passing ? rest : stripEvent(rest);
  }

  /** Keeps the incomplete event for later; comments and what is beyond the bound pass at once. */
  #keepRest(bytes: Buffer, from: number, out: Buffer[]): void {
    let start = from;
    while (!this.#passing && bytes[start] === COLON) {
      const lineEnd = bytes.indexOf(LF, start);
      if (lineEnd < 0) break;
      out.push(bytes.subarray(start, lineEnd + 1));
      start = lineEnd + 1;
    }
    const held = bytes.length - start;
    if (held > this.#maxEventBytes) {
      // Only the last bytes stay: they may be the beginning of the separator.
      out.push(bytes.subarray(start, bytes.length - 3));
      start = bytes.length - 3;
      this.#passing = true;
    }
    this.#carry = bytes.subarray(start);
    this.#searched = this.#carry.length;
  }

  /** Index after the separator of the event that starts at `start`, or -1. */
  #eventEnd(bytes: Buffer, start: number, from: number): number {
    for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      if (at === start || bytes[at - 1] === LF) return at + 1;
      if (bytes[at - 1] !== CR) continue;
      this.#usesCrLf = true;
      if (at - 1 === start || bytes[at - 2] === LF) return at + 1;
    }
    return this.#usesCrLf ? -1 : loneReturnEnd(bytes, start, from);
  }
}

/** Separator of streams whose lines end in a carriage return alone. */
function loneReturnEnd(bytes: Buffer, start: number, from: number): number {
  for (let at = bytes.indexOf(CR, from); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (at > start && bytes[at - 1] === CR) return at + 1;
  }
  return -1;
}

/** A stripper for one answer. Events beyond `maxEventBytes` (default 1 MiB) pass untouched. */
export function createUsageStripper(maxEventBytes: number = LIMITS.observerLineBytes): UsageStripper {
  return new SseUsageStripper(maxEventBytes);
}
