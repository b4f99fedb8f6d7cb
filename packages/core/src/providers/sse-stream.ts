/** Bytes of one answer in a format of server-sent events -> its events. What a frame means is the format's own. */
import { LIMITS } from "../limits.ts";
import { createSseScanner } from "../wire/sse.ts";
import { FrameShape, needlesOf, type Needles, type VaryingMembers } from "./frame-shape.ts";
import { parseFrame } from "./frames.ts";
import type { Fields } from "./json-fields.ts";
import { emptyStreamEvent, resetStreamEvent } from "./provider.ts";
import type { ProviderFault, StreamEvent, StreamEventSink, StreamParser } from "./provider.ts";

/** What became of a frame: an event; the last one, with which the answer ends; or nothing anybody is told of. */
export type FrameVerdict = "event" | "last_event" | "nothing";

/** How one format reads its frames. Every function fills an empty event and never throws on parsed JSON. */
export interface SseFormat {
  /** Reads a frame. A frame of another format makes the event `malformed`. */
  readonly read: (event: StreamEvent, frame: Fields) => FrameVerdict;
  /** Reads the fault of a frame under `event: error`; undefined when the frame is no JSON object. */
  readonly readError: (frame: Fields | undefined) => ProviderFault;
  /** Classifies a frame that was too long to be held, by its SSE name and its beginning. */
  readonly readCut: (event: StreamEvent, name: string, held: string) => FrameVerdict;
  /** What differs in consecutive frames, see `frame-shape.ts`. */
  readonly varying: VaryingMembers;
}

class SseStreamParser implements StreamParser {
  readonly #format: SseFormat;
  readonly #scanner = createSseScanner();
  readonly #event = emptyStreamEvent();
  readonly #shape: FrameShape;
  // One closure for the stream, none per read.
  readonly #onFrame = (name: string, data: string, cut: boolean): void => this.#take(name, data, cut);
  #sink: StreamEventSink = () => undefined;
  /** The terminal marker was told: servers that send `[DONE]` behind it do not tell it again. */
  #ended = false;

  constructor(format: SseFormat, needles: Needles) {
    this.#format = format;
    this.#shape = new FrameShape(needles, (data) => this.#probe(data));
  }

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    this.#sink = sink;
    const rest = this.#scanner.isBetweenEvents && bytes.length <= LIMITS.observerLineBytes ? this.#takeUsual(bytes) : 0;
    if (rest < bytes.length) this.#scanner.push(rest === 0 ? bytes : bytes.subarray(rest), this.#onFrame);
  }

  end(sink: StreamEventSink): void {
    this.#sink = sink;
    this.#scanner.end(this.#onFrame);
  }

  /** Takes whole events of the learnt shape from the front; the index behind them. */
  #takeUsual(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const event = this.#event;
      resetStreamEvent(event);
      const end = this.#shape.matchBytes(bytes, at, event);
      if (end < 0) break;
      this.#sink(event);
      at = end;
    }
    return at;
  }

  #take(name: string, data: string, cut: boolean): void {
    if (name === "ping") return;
    const event = this.#event;
    resetStreamEvent(event);
    const verdict = this.#read(event, name, data, cut);
    if (verdict === "nothing") return;
    if (event.type === "done") this.#tellEnd(event);
    else this.#sink(event);
    if (verdict !== "last_event") return;
    resetStreamEvent(event);
    event.type = "done";
    this.#tellEnd(event);
  }

  #tellEnd(event: StreamEvent): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink(event);
  }

  #read(event: StreamEvent, name: string, data: string, cut: boolean): FrameVerdict {
    if (cut) return this.#format.readCut(event, name, data);
    if (name === "error") {
      event.type = "error";
      event.fault = this.#format.readError(parseFrame(data));
      return "event";
    }
    return this.#shape.match(data, name, event) ? "event" : this.#parse(event, data);
  }

  #parse(event: StreamEvent, data: string): FrameVerdict {
    if (data.trim() === "[DONE]") {
      event.type = "done";
      return "event";
    }
    const frame = parseFrame(data);
    if (frame === undefined) {
      event.type = "malformed";
      return "event";
    }
    const verdict = this.#format.read(event, frame);
    if (verdict === "event") this.#shape.learn(data, event);
    return verdict;
  }

  #probe(data: string): StreamEvent | undefined {
    const frame = parseFrame(data);
    const event = emptyStreamEvent();
    return frame !== undefined && this.#format.read(event, frame) === "event" ? event : undefined;
  }
}

/**
 * Makes the parsers of a format. Their events equal those of parsing every frame; most frames are only compared.
 */
export function createSseParsers(format: SseFormat): () => StreamParser {
  const needles = needlesOf(format.varying);
  return () => new SseStreamParser(format, needles);
}
