/** Web streams. Patching a reader would miss `pipeTo`, `tee` and `new Response`, which use internal slots. */

/** What is told of a body on its way to the caller. */
export interface BodyListener {
  /** The caller asks for the next piece. */
  asked(): void;
  element(value: unknown): void;
  done(): void;
  threw(error: unknown): void;
  left(): void;
}

type Reader = ReadableStreamDefaultReader<unknown>;
type Controller = ReadableStreamDefaultController<unknown> | ReadableByteStreamController;

function isByteController(controller: Controller): controller is ReadableByteStreamController {
  return "byobRequest" in controller;
}

/** Asked without `instanceof`, which a hostile piece could answer by throwing. */
function isEmpty(value: unknown): boolean {
  return ArrayBuffer.isView(value) && value.byteLength === 0;
}

/** The first piece that is one: a byte stream cannot hand on an empty piece. */
async function readBytes(reader: Reader): ReturnType<Reader["read"]> {
  let piece = await reader.read();
  while (!piece.done && isEmpty(piece.value)) piece = await reader.read();
  return piece;
}

function close(controller: Controller): void {
  controller.close();
  if (isByteController(controller)) controller.byobRequest?.respond(0);
}

/** Whether readers may bring their own buffer, as those of the bodies of `fetch` may. */
function isByteStream(stream: ReadableStream<unknown>): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/**
 * The pieces of another stream, which is taken at the first read. Pulls only when asked, so backpressure stays; errors
 * and `cancel` are passed on.
 */
export class Relay {
  /** What the caller gets. */
  readonly stream: ReadableStream<unknown>;
  readonly #source: () => ReadableStream<unknown>;
  readonly #listener: BodyListener;
  #reader: Reader | undefined;

  /** @param source gives the stream to read; it stays untouched until then. */
  constructor(source: () => ReadableStream<unknown>, listener: BodyListener) {
    this.#source = source;
    this.#listener = listener;
    this.stream = this.#make(isByteStream(source()));
  }

  /** Takes the stream now: nobody else can read it from here on. */
  take(): Reader {
    this.#reader ??= this.#source().getReader();
    return this.#reader;
  }

  #make(isBytes: boolean): ReadableStream<unknown> {
    const cancel = (reason: unknown): Promise<void> => this.#cancel(reason);
    const demand = { highWaterMark: 0 };
    return isBytes
      ? new ReadableStream({ type: "bytes", pull: (controller) => this.#pull(controller), cancel }, demand)
      : new ReadableStream<unknown>({ pull: (controller) => this.#pull(controller), cancel }, demand);
  }

  async #pull(controller: Controller): Promise<void> {
    this.#listener.asked();
    try {
      const reader = this.take();
      const { done, value } = await (isByteController(controller) ? readBytes(reader) : reader.read());
      if (done) {
        this.#listener.done();
        close(controller);
      } else {
        // Told first: handing bytes on takes them away.
        this.#listener.element(value);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a byte stream hands on what one gave
        controller.enqueue(value as Uint8Array<ArrayBuffer>);
      }
    } catch (error) {
      this.#listener.threw(error);
      controller.error(error);
    }
  }

  #cancel(reason: unknown): Promise<void> {
    this.#listener.left();
    return this.take().cancel(reason);
  }
}

/** A stream over the pieces of `stream`, which is taken at once. */
export function wrapReadable(stream: ReadableStream<unknown>, listener: BodyListener): ReadableStream<unknown> {
  const relay = new Relay(() => stream, listener);
  relay.take();
  return relay.stream;
}
