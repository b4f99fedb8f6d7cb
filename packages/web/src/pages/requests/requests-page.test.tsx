import { act } from "react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { fillBrowserGaps } from "../../testing/browser-gaps.ts";
import { createFakeServer, fakeDetail, fakeRow, FAKE_STREAM, type FakeServer } from "../../testing/fake-server.ts";
import { openPage, type OpenPage } from "../../testing/open-page.tsx";

let page: OpenPage | undefined;
beforeAll(fillBrowserGaps);
afterEach(async () => {
  await page?.close();
  page = undefined;
});

const ROWS = Array.from({ length: 300 }, (_, index) => fakeRow(index + 1));

async function openList(address = "/requests"): Promise<{ readonly at: OpenPage; readonly server: FakeServer }> {
  const server = createFakeServer();
  server.on("GET /api/requests", ({ query }) => {
    const from = Number(query.get("cursor") ?? 0);
    const rows = ROWS.slice(from, from + 200);
    return { data: { rows, shown: 300, total: 412, ...(from + 200 < 300 ? { next: String(from + 200) } : {}) } };
  });
  const at = await openPage(address, server);
  page = at;
  await at.until(() => at.text().includes("300 of 412 requests"));
  return { at, server };
}

const bodyRows = () => [...document.querySelectorAll<HTMLElement>("tbody tr[aria-rowindex]")];

describe("the request list", () => {
  it("mounts only rows in view and says how many there are", async () => {
    await openList();
    expect(bodyRows().length).toBeLessThan(60);
    expect(document.querySelector("table")?.getAttribute("aria-rowcount")).toBe("301");
    expect(bodyRows()[0]?.getAttribute("aria-rowindex")).toBe("2");
  });

  it("moves by j and k and opens by Enter", async () => {
    const { at } = await openList();
    await at.key("j");
    await at.key("j");
    await at.key("k");
    expect(new URLSearchParams(location.search).get("sel")).toBe(ROWS[0]?.id);
    await at.key("Enter");
    expect(location.pathname).toBe(`/requests/${ROWS[0]?.id}`);
  });

  it("sorts by a column, the slow end of a speed first, and keeps it in the address", async () => {
    const { at, server } = await openList();
    await at.click(await at.get("button", /^Speed$/));
    expect(location.search).toBe("?sort=speed");
    await at.until(() => server.calls.some((call) => call.query.get("sort") === "speed"));
    await at.until(() => document.querySelector('th[aria-sort="ascending"]'));
  });

  it("lets new rows in at the top while nothing is hovered, and counts them while something is", async () => {
    const { at, server } = await openList();
    await act(async () => server.emit("row", fakeRow(0x500, { startMs: Date.now(), model: "fresh-one" })));
    await at.until(() => bodyRows()[0]?.textContent?.includes("fresh-one"));

    const region = await at.get("region", /^Requests$/);
    await at.event(region, new MouseEvent("mouseover", { bubbles: true }));
    await act(async () => server.emit("row", fakeRow(0x501, { startMs: Date.now() + 1, model: "late-one" })));
    const pill = await at.get("button", /^1 new$/);
    expect(bodyRows()[0]?.textContent).toContain("fresh-one");
    await at.click(pill);
    await at.until(() => bodyRows()[0]?.textContent?.includes("late-one"));
  });

  it("keeps out live rows that the filter does not let through", async () => {
    const { at, server } = await openList("/requests?m=gpt-4o");
    await act(async () => server.emit("row", fakeRow(0x502, { startMs: Date.now(), model: "other" })));
    await act(async () => server.emit("row", fakeRow(0x503, { startMs: Date.now(), model: "gpt-4o" })));
    await at.until(() => at.text().includes("301 of 413"));
    expect(at.text()).not.toContain("other");
  });
});

describe("requests in flight", () => {
  const openCall = (number: number, more: object = {}) => ({
    id: fakeRow(number).id,
    model: `open-${number}`,
    upstream: "self-host",
    provider: "vllm",
    operation: "chat",
    streaming: true,
    state: "streaming",
    elapsedMs: 12_400 - number,
    outputTokens: 688,
    estimated: true,
    sinceTokenMs: 20,
    ...more,
  });
  const region = () => document.querySelector<HTMLElement>('section[aria-label="Requests in flight"]');
  const plain = (text: string | null | undefined) => (text ?? "").replaceAll("\u00a0", " ");

  it("are pinned above those that have ended, with state, tokens so far and silence", async () => {
    const { at, server } = await openList();
    expect(region()).toBeNull();
    const calls = [openCall(1), openCall(2, { state: "stalled", sinceTokenMs: 3_100 })];
    await act(async () => server.emit("open", { total: 2, calls }));
    await at.until(() => plain(region()?.textContent).includes("long stall"));
    for (const part of ["open-1", "generating", "~688 so far", "12.4 s", "self-host · silent for 3.10 s"]) {
      expect(plain(region()?.textContent)).toContain(part);
    }
    expect(at.text()).toContain("2 in flight");
    await act(async () => server.emit("open", { total: 0, calls: [] }));
    await at.until(() => region() === null);
    expect(at.text()).toContain("0 in flight");
  });

  it("stay where they are while the pointer is on them", async () => {
    const { at, server } = await openList();
    await act(async () => server.emit("open", { total: 2, calls: [openCall(1), openCall(2)] }));
    const section = await at.until(region);
    await at.event(section, new MouseEvent("mouseover", { bubbles: true }));
    await act(async () => server.emit("open", { total: 1, calls: [openCall(2)] }));
    await at.until(() => region()?.textContent?.includes("ended"));
    expect(region()?.querySelectorAll("tbody tr")).toHaveLength(2);
    await at.event(section, new MouseEvent("mouseout", { bubbles: true, relatedTarget: document.body }));
    await at.until(() => region()?.querySelectorAll("tbody tr").length === 1);
  });

  it("are the oldest few, the rest is counted; the filter holds for them too", async () => {
    const { at, server } = await openList("/requests?m=open-3&m=open-4");
    const calls = Array.from({ length: 12 }, (_, index) => openCall(index + 1));
    await act(async () => server.emit("open", { total: 12, calls }));
    await at.until(() => region()?.querySelectorAll("tbody tr").length === 2);
    await at.close();
    page = undefined;
    const other = await openList();
    await act(async () => other.server.emit("open", { total: 612, calls }));
    await other.at.until(() => region()?.querySelectorAll("tbody tr").length === 8);
    expect(region()?.textContent).toContain("604 more in flight");
  });

  it("are not shown when the view is of another time, and nothing is said when nobody knows", async () => {
    const { at, server } = await openList("/requests?from=1000&to=2000");
    await act(async () => server.emit("open", { total: 1, calls: [openCall(1)] }));
    await act(async () => server.emit("open", { calls: [] }));
    await act(async () => server.emit("row", fakeRow(0x510, { startMs: Date.now() })));
    expect(region()).toBeNull();
    expect(at.text()).not.toContain("in flight");
  });
});

describe("the request page", () => {
  const row = fakeRow(7);

  async function openDetail(server: FakeServer, hash = ""): Promise<OpenPage> {
    const at = await openPage(`/requests/${row.id}${hash}`, server);
    page = at;
    return at;
  }

  it("says what stood out, in words made from ids", async () => {
    const server = createFakeServer();
    server.on(`GET /api/requests/${row.id}`, () => ({ data: fakeDetail(row) }));
    server.on(`GET /api/requests/${row.id}/stream`, () => ({ data: FAKE_STREAM }));
    const at = await openDetail(server);
    await at.until(() => at.text().replaceAll("\u00a0", " ").includes("1 pause took 880 ms (44 %)."));
    const figure = await at.get("figure", /^Stream strip$/);
    expect(figure.getAttribute("aria-description")?.replaceAll("\u00a0", " ")).toContain("1 of 9 gaps (11 %) took");
  });

  it("announces pauses one by one and shows the stream as tables", async () => {
    const server = createFakeServer();
    server.on(`GET /api/requests/${row.id}`, () => ({ data: fakeDetail(row) }));
    server.on(`GET /api/requests/${row.id}/stream`, () => ({ data: FAKE_STREAM }));
    const at = await openDetail(server);
    const figure = await at.get("figure", /^Stream strip$/);
    await at.key("ArrowRight", { shiftKey: true }, figure);
    await at.until(() => at.text().replaceAll("\u00a0", " ").includes("pause 1 of 1: 900 ms at 480 ms"));
    await at.key("T", { shiftKey: true }, figure);
    await at.get("heading", /^Pauses and tool waits$/);
    await at.get("heading", /^60 slices$/);
  });

  it("shows hostile telemetry as text, keys included", async () => {
    const server = createFakeServer();
    server.on(`GET /api/requests/${row.id}`, () => ({ data: fakeDetail(row) }));
    const at = await openDetail(server, "#attributes");
    await at.until(() => at.text().includes("<b>key</b>"));
    expect(at.text()).toContain("<img src=x onerror=alert(1)>⟨U+202E⟩");
    expect(document.querySelector("main img, main b")).toBeNull();
  });

  it("says why there is no stream to draw", async () => {
    const server = createFakeServer();
    server.on(`GET /api/requests/${row.id}`, () => ({
      data: fakeDetail({ ...row, streaming: false }, { hasStream: false }),
    }));
    await (await openDetail(server)).get("heading", /did not stream/);
  });

  it("tells a request that is not stored from a failure", async () => {
    await (await openDetail(createFakeServer())).get("heading", /This request is not stored/);
  });
});
