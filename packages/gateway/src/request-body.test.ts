import http from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBodyBudget, readBody, type BodyOutcome } from "./request-body.ts";
import { listenOnLoopback, until } from "./testing/raw-client.testing.ts";

let server: http.Server;
let port: number;
const budget = createBodyBudget(1_000);
let outcomes: BodyOutcome[] = [];

beforeEach(async () => {
  outcomes = [];
  server = http.createServer((request, response) => {
    readBody(request, budget, { bufferedBytes: 500 }, (outcome) => {
      outcomes.push(outcome);
      if (outcome.kind === "stream") outcome.body.resume().on("end", () => response.end());
      else response.end();
    });
  });
  port = await listenOnLoopback(server);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function send(parts: readonly string[], leave = false): Promise<void> {
  return new Promise((resolve) => {
    const request = http.request({ port, method: "POST", agent: false }, (response) =>
      response.resume().on("end", resolve),
    );
    request.on("error", () => resolve());
    for (const part of parts) request.write(part);
    if (leave) setTimeout(() => request.destroy(), 50);
    else request.end();
  });
}

describe("request body", () => {
  it("is held as a whole below the limit and counted in the budget until it is given back", async () => {
    await send(["a".repeat(300), "b".repeat(100)]);
    expect(outcomes).toMatchObject([{ kind: "whole" }]);
    expect(budget.usedBytes).toBe(400);
    budget.give(400);
  });

  it("becomes a stream above the limit, and nothing stays in the budget", async () => {
    await send(["a".repeat(400), "b".repeat(400)]);
    expect(outcomes).toMatchObject([{ kind: "stream" }]);
    expect(budget.usedBytes).toBe(0);
  });

  it("is refused when all bodies together reach the bound", async () => {
    expect(budget.take(900)).toBe(true);
    await send(["a".repeat(300)]);
    expect(outcomes).toEqual([{ kind: "overloaded" }]);
    budget.give(900);
    expect(budget.usedBytes).toBe(0);
  });

  it("gives its bytes back when the client leaves before the end", async () => {
    const sent = send(["a".repeat(300)], true);
    await until(() => budget.usedBytes === 300);
    await sent;
    await until(() => budget.usedBytes === 0);
    expect(outcomes).toHaveLength(0);
  });
});
