import { afterEach } from "vitest";
import { HELLO } from "./follow.testing.ts";
import { type Handler, type OpenAiServer, sse, startOpenAiServer } from "./openai-server.testing.ts";

/** `Hello` in two chunks between a role and a finish reason, then usage: texts of a stream and when they are written. */
export function helloSchedule(usage: object): readonly (readonly [atMs: number, text: string])[] {
  const [role = "", hel = "", lo = "", stop = ""] = HELLO.map((chunk) => sse(chunk));
  return [
    [20, role],
    [60, hel],
    [80, lo],
    [90, stop + sse(usage) + sse("[DONE]")],
  ];
}

/** A provider's server that tests start as they need it and that no test leaves behind. */
export interface ProviderEachTest extends OpenAiServer {
  /** Starts it anew with this answer to every request. */
  start(handler: Handler): Promise<void>;
}

export function providerEachTest(): ProviderEachTest {
  let server: OpenAiServer | undefined;
  const close = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  afterEach(close);
  function now(): OpenAiServer {
    if (server === undefined) throw new Error("the provider was not started, or is closed");
    return server;
  }
  return {
    async start(handler) {
      await close();
      server = await startOpenAiServer(handler);
    },
    get baseURL() {
      return now().baseURL;
    },
    get requests() {
      return now().requests;
    },
    close,
  };
}
