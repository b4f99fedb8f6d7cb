/** A `Response`: the same object back; what the caller reads of its body is heard on the way (SDK contract 4). */
import { errorTypeOfStatus, gemini } from "@nexent/monitor-core";
import type { Followed } from "./followed.ts";
import { followNodeStream, hearNodeStream, isNodeStream } from "./follow-node-stream.ts";
import { Relay, type BodyListener } from "./follow-readable.ts";
import { safeProperty } from "../redact.ts";
import { StreamObserver } from "./stream-observer.ts";
import { WholeBody } from "./whole-body.ts";

type Method = (this: unknown, ...values: unknown[]) => unknown;

/** The parts of a response that every implementation has. */
export interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): unknown };
  readonly body: unknown;
}

/** Methods that read the whole body. */
const READING = ["text", "json", "arrayBuffer", "bytes", "blob", "formData"] as const;
type Reading = (typeof READING)[number];

const STREAMED = /^(?:text\/event-stream|application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|stream\+json))\b/;

export function isResponse(value: object): value is ResponseLike {
  return (
    typeof Reflect.get(value, "status") === "number" &&
    typeof safeProperty(Reflect.get(value, "headers"), "get") === "function" &&
    typeof Reflect.get(value, "arrayBuffer") === "function"
  );
}

function mediaType({ headers }: ResponseLike): string {
  const type = headers.get("content-type");
  return typeof type === "string" ? type.trim().toLowerCase() : "";
}

/** Without `alt=sse` Gemini streams one JSON array, under the type of a whole answer. */
function isStreamed(response: ResponseLike, { provider, askedStream }: Followed): boolean {
  return STREAMED.test(mediaType(response)) || (askedStream === true && provider === gemini);
}

/** Gives the members of a response as they were before we laid ours over them. */
type Members = (name: string) => unknown;

/** Those of the class, or of an observer further inside: a call may be observed in another. */
function membersOf(response: object): Members {
  const own = new Map<string, PropertyDescriptor>();
  for (const name of [...READING, "body", "bodyUsed", "clone"]) {
    const descriptor = Reflect.getOwnPropertyDescriptor(response, name);
    if (descriptor !== undefined) own.set(name, descriptor);
  }
  return (name) => {
    const descriptor = own.get(name);
    if (descriptor === undefined) return Reflect.get(Object.getPrototypeOf(response), name, response);
    return descriptor.get === undefined ? descriptor.value : descriptor.get.call(response);
  };
}

/** The body as the class has it; another one after `clone`. */
function bodyOf(members: Members): ReadableStream<unknown> {
  const found = members("body");
  if (found instanceof ReadableStream) return found;
  throw new TypeError("the response has no body any more");
}

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

function override(response: object, name: string, property: PropertyDescriptor): void {
  Reflect.defineProperty(response, name, { configurable: true, enumerable: false, ...property });
}

export function followResponse<R extends ResponseLike>(response: R, call: Followed): R {
  const { sink } = call;
  const { status, body } = response;
  sink.clock.markFirstByte(sink.micros(performance.now()));
  if (status >= 400) sink.end({ outcome: "error", errorType: errorTypeOfStatus(status), httpStatus: status });
  // Frozen, or without a body: all that will be known of it is known.
  else if (typeof body !== "object" || body === null || !Object.isExtensible(response))
    sink.end({ outcome: "ok", httpStatus: status });
  else if (!isStreamed(response, call)) followWhole(response, call);
  else if (isNodeStream(body)) followNodeStream(body, { ...call, isBody: true });
  else followBody(response, { listener: new StreamObserver({ ...call, isBody: true }, response), taken: false });
  return response;
}

/** Who hears a body. A clone has the same bytes: whichever is read first is the answer. */
interface Hearing {
  readonly listener: BodyListener;
  taken: boolean;
}

const DEAF: BodyListener = {
  asked: () => undefined,
  element: () => undefined,
  done: () => undefined,
  threw: () => undefined,
  left: () => undefined,
};

/** The listener for whoever reads first, and none for the others. */
function claim(hearing: Hearing): BodyListener {
  let mine: BodyListener | undefined;
  const listener = (): BodyListener => {
    if (mine === undefined) {
      mine = hearing.taken ? DEAF : hearing.listener;
      hearing.taken = true;
    }
    return mine;
  };
  return {
    asked: () => listener().asked(),
    element: (value) => listener().element(value),
    done: () => listener().done(),
    threw: (error) => listener().threw(error),
    left: () => listener().left(),
  };
}

/** Every way to the streamed body of a response leads through one stream of ours, which is opened when it is read. */
function followBody(response: ResponseLike, hearing: Hearing): void {
  const members = membersOf(response);
  let relay: Relay | undefined;
  let used = false;
  const heard = (): Relay => (relay ??= new Relay(() => bodyOf(members), claim(hearing)));
  override(response, "body", { get: () => heard().stream });
  override(response, "bodyUsed", { get: () => used || members("bodyUsed") });
  for (const name of READING) {
    const read = members(name);
    if (!isMethod(read)) continue;
    const value: Method = async function readHeard() {
      // A body that is gone already: the class says it best.
      if (safeProperty(response, "bodyUsed") === true) return read.call(response);
      used = true;
      heard().take();
      return readAs(name, heard().stream, mediaType(response));
    };
    override(response, name, { value, writable: true });
  }
  overrideClone(response, members("clone"), (copy) => followBody(copy, hearing));
}

function readAs(name: Reading, body: ReadableStream<unknown>, type: string): unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a body that gives something else is refused by it
  const plain = new Response(body as ReadableStream<Uint8Array>, { headers: { "content-type": type } });
  const read: unknown = Reflect.get(plain, name);
  return isMethod(read) ? read.call(plain) : undefined;
}

function overrideClone(response: object, clone: unknown, follow: (copy: ResponseLike) => void): void {
  if (!isMethod(clone)) return;
  const value: Method = function cloneHeard(...values) {
    const copy = clone.apply(response, values);
    if (typeof copy === "object" && copy !== null && isResponse(copy)) follow(copy);
    return copy;
  };
  override(response, "clone", { value, writable: true });
}

/** An answer in one piece: read by the caller as it likes, looked at when that is done. */
function followWhole(response: ResponseLike, call: Followed): void {
  if (call.askedStream === true) call.sink.amend({ streaming: false });
  const whole = new WholeBody(call, response);
  const { body } = response;
  if (typeof body === "object" && body !== null && isNodeStream(body)) hearNodeStream(body, whole);
  else hearWhole(response, whole);
}

function hearWhole(response: ResponseLike, whole: WholeBody): void {
  const members = membersOf(response);
  let relay: Relay | undefined;
  override(response, "body", { get: () => (relay ??= new Relay(() => bodyOf(members), whole)).stream });
  for (const name of READING) {
    const read = members(name);
    if (!isMethod(read)) continue;
    const value: Method = function readHeard(...values) {
      const result = read.apply(response, values);
      return result instanceof Promise ? whole.follow(result) : result;
    };
    override(response, name, { value, writable: true });
  }
  overrideClone(response, members("clone"), (copy) => hearWhole(copy, whole));
}
