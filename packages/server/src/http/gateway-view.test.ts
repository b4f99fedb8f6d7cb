import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createGatewayView } from "./gateway-view.ts";

const CALL = {
  id: `${"a".repeat(32)}-${"b".repeat(16)}`,
  model: "m",
  upstream: "openai",
  provider: "openai",
  operation: "chat",
  streaming: true,
  state: "stalled",
  elapsedMs: 61_000.5,
  estimated: false,
};
let stop: () => void = () => undefined;

afterEach(() => stop());

async function serve(listener: RequestListener): Promise<string> {
  const gateway = createServer(listener).listen(0, "127.0.0.1");
  stop = () => {
    gateway.closeAllConnections();
    gateway.close();
  };
  await once(gateway, "listening");
  const address = gateway.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** Asks a gateway that answers with `body`. */
async function ask(body: unknown, status = 200): Promise<unknown> {
  const gatewayUrl = await serve((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  return createGatewayView({ gatewayUrl, readToken: undefined })();
}

describe("the gateway's open calls", () => {
  it("are what it answers", async () => {
    expect(await ask({ observed: true, total: 7, calls: [CALL] })).toEqual({ total: 7, calls: [CALL] });
  });

  it("are asked for with the read token", async () => {
    let seen: unknown;
    const gatewayUrl = await serve((request, response) => {
      seen = [request.url, request.headers["x-nexent-token"]];
      response.end("{}");
    });
    await createGatewayView({ gatewayUrl, readToken: "nxm_read_x" })();
    expect(seen).toEqual(["/inflight", "nxm_read_x"]);
  });

  it.each([
    ["its telemetry is off", { observed: false, total: 0, calls: [] }, 200],
    ["it wants a token", { status: "a read token is needed" }, 401],
    ["something else answers", "<html>", 200],
    ["a call has no state", { observed: true, total: 1, calls: [{ ...CALL, state: "?" }] }, 200],
    ["it never stops answering", `"${"x".repeat(2 * 1024 * 1024)}"`, 200],
  ])("are unknown when %s", async (_why, body, status) => {
    expect(await ask(body, status)).toEqual({ calls: [] });
  });

  it("are unknown when nobody is there, or sends us elsewhere", async () => {
    expect(await createGatewayView({ gatewayUrl: "http://127.0.0.1:1", readToken: undefined })()).toEqual({
      calls: [],
    });
    const gatewayUrl = await serve((_request, response) => {
      response.writeHead(307, { location: "/health" });
      response.end();
    });
    expect(await createGatewayView({ gatewayUrl, readToken: "t" })()).toEqual({ calls: [] });
  });
});
