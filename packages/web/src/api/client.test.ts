// @vitest-environment node
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CSRF_HEADER, pipelineSchema } from "@nexent/monitor-api";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { ApiError } from "./api-error.ts";
import { address, call, whenSignedOut } from "./client.ts";
import { keepCsrfToken } from "./csrf-token.ts";

const HEALTH = {
  spansPerSecond: 1,
  spansAccepted: 2,
  spansRejected: 0,
  spansStored: 2,
  bytesOnDisk: 10,
  indexLagSeconds: 0,
  damagedFrames: 0,
  storageDegraded: false,
  serverTimeMs: 1_000,
};
const META = { exact: true, tookMs: 1 };

let server: Server;
let base = "";
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const plainFetch = globalThis.fetch;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  base = `http://127.0.0.1:${bound.port}`;
  // A browser resolves paths against its page; here the test server stands for it.
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => plainFetch(`${base}${path}`, init));
});
afterAll(() => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  server.close();
});
afterEach(() => {
  keepCsrfToken(undefined);
  whenSignedOut(() => undefined);
});

function answerJson(status: number, body: unknown, headers: Record<string, string> = {}): void {
  answer = (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

const health = (signal?: AbortSignal) => call({ path: "/api/health", schema: pipelineSchema, signal });

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${String(error)}`);
  return error;
}

describe("an API call", () => {
  it("opens the envelope and checks the data", async () => {
    answerJson(200, { data: HEALTH, meta: META });
    expect((await health()).data).toEqual(HEALTH);
  });

  it("carries the CSRF token on reads too", async () => {
    let seen: string | string[] | undefined;
    answer = (request, response) => {
      seen = request.headers[CSRF_HEADER];
      response.end(JSON.stringify({ data: HEALTH, meta: META }));
    };
    keepCsrfToken("token-1");
    await health();
    expect(seen).toBe("token-1");
  });

  it.each([{ data: { ...HEALTH, spansPerSecond: "many" }, meta: META }, { data: HEALTH }, [], "text"])(
    "calls an answer of another form a broken contract: %j",
    async (body) => {
      answerJson(200, body);
      expect((await failureOf(health())).id).toBe("contract");
    },
  );

  it("gives the error's id, parameters, request id and wait", async () => {
    const error = { id: "RATE_LIMITED", params: { limit: 5 }, requestId: "r-1" };
    answerJson(429, { error }, { "retry-after": "12" });
    const failure = await failureOf(health());
    expect(failure).toMatchObject({ ...error, status: 429, retryAfterSeconds: 12 });
  });

  it("stands an error without a readable body", async () => {
    answer = (_request, response) => response.writeHead(502).end("<html>");
    expect(await failureOf(health())).toMatchObject({ id: "contract", status: 502 });
  });

  it("says that the session is over on 401, but not for a refused sign-in", async () => {
    const signedOut = vi.fn();
    whenSignedOut(signedOut);
    answerJson(401, { error: { id: "UNAUTHENTICATED", params: {}, requestId: "r" } });
    await failureOf(call({ method: "POST", path: "/api/session", body: {}, schema: pipelineSchema }));
    expect(signedOut).not.toHaveBeenCalled();
    await failureOf(health());
    expect(signedOut).toHaveBeenCalledOnce();
  });

  it("gives the abort reason, not an ApiError, when it was aborted", async () => {
    answer = () => undefined;
    const abort = new AbortController();
    const pending = health(abort.signal);
    abort.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
  });

  it("calls a dead server a network failure", async () => {
    answer = (request) => request.socket.destroy();
    expect(await failureOf(health())).toMatchObject({ id: "network", status: 0 });
  });
});

it("writes lists as repeated keys and leaves out what is absent", () => {
  expect(address("/api/requests", { from: 1, m: ["a b", "c&d"], f: undefined, op: [] })).toBe(
    "/api/requests?from=1&m=a+b&m=c%26d",
  );
});
