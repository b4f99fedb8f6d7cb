import type { StreamObserver } from "./stream-observer.ts";

/**
 * A web stream over the same chunks. Patching a reader would miss `pipeTo`, `tee` and `new Response`, which use internal
 * slots. Pulls only when asked, so backpressure stays; `cancel` is passed on.
 */
export function wrapReadable(stream: ReadableStream<unknown>, observer: StreamObserver): ReadableStream<unknown> {
  const reader = stream.getReader();
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        observer.asked();
        try {
          const { done, value } = await reader.read();
          if (done) {
            observer.done();
            controller.close();
          } else {
            observer.element(value);
            controller.enqueue(value);
          }
        } catch (error) {
          observer.threw(error);
          controller.error(error);
        }
      },
      cancel(reason) {
        observer.left();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
