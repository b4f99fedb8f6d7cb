import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMetricRegistry } from "@nexent/monitor-core";
import type { Gateway } from "../server.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { createWorkerLink, type WorkerLink } from "./worker-link.ts";

const FAMILIES = createMetricRegistry().read();
const VIEW = { observed: true, total: 0, calls: [] };
let sent: ToPrimary[] = [];
let receive: (message: unknown) => void = () => undefined;
let link: WorkerLink;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  link = createWorkerLink(
    1,
    { send: (message) => void sent.push(message), onMessage: (listener) => (receive = listener) },
    2_000,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

const order = (message: ToWorker): void => receive(message);

/** As much of a gateway as the link looks at. */
function gatewayThat(inFlight: () => typeof VIEW): Pick<Gateway, "inFlight" | "exposition"> {
  const expose = (): string => "";
  return {
    inFlight,
    exposition: { refresh: () => undefined, expose, read: () => FAMILIES, merged: () => expose },
  };
}

describe("a worker's link to its primary", () => {
  it("gives each question its own answer, in whatever order they come", async () => {
    const [first, second] = [link.siblings.inFlight(), link.siblings.inFlight()];
    expect(sent).toEqual([
      { kind: "gather", id: 1, topic: "inFlight" },
      { kind: "gather", id: 2, topic: "inFlight" },
    ]);
    order({ kind: "gathered", id: 2, parts: [{ topic: "inFlight", value: VIEW }] });
    order({ kind: "gathered", id: 1, parts: [] });
    expect([await first, await second]).toEqual([[], [VIEW]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects when the primary does not answer, and ignores what comes later", async () => {
    const asked = expect(link.siblings.metrics()).rejects.toThrow("did not answer");
    await vi.advanceTimersByTimeAsync(2_000);
    await asked;
    order({ kind: "gathered", id: 1, parts: [] });
  });

  it("answers questions once it serves; a look that fails costs an answer and nothing else", () => {
    order({ kind: "ask", id: 4, topic: "inFlight" });
    expect(sent).toEqual([]);
    link.serve(gatewayThat(() => VIEW));
    order({ kind: "ask", id: 5, topic: "inFlight" });
    order({ kind: "ask", id: 6, topic: "metrics" });
    expect(sent).toEqual([
      { kind: "part", id: 5, part: { topic: "inFlight", value: VIEW } },
      { kind: "part", id: 6, part: { topic: "metrics", value: FAMILIES } },
    ]);
    link.serve(
      gatewayThat(() => {
        throw new Error("a fault of ours");
      }),
    );
    order({ kind: "ask", id: 7, topic: "inFlight" });
    expect(sent).toHaveLength(2);
  });

  it("passes on the order to finish, also one that came before anybody listened", () => {
    const drained = vi.fn();
    order({ kind: "drain" });
    link.onDrain(drained);
    expect(drained).toHaveBeenCalledTimes(1);
  });

  it("leaves messages alone that are not the primary's", () => {
    for (const message of [undefined, null, "drain", { kind: "other" }, { cmd: "NODE_x" }]) receive(message);
    expect(sent).toEqual([]);
  });
});
