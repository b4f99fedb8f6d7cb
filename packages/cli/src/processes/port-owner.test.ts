import { createServer } from "node:net";
import { expect, it } from "vitest";
import { boundPort } from "./bound-port.ts";
import { findFreePort, isPortFree } from "./free-port.ts";
import { findPortOwner, listeningInodes } from "./port-owner.ts";

const TABLE = [
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
  "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31337 1 0 100 0 0 10 0",
  "   1: 0100007F:1F40 0100007F:D2AC 01 00000000:00000000 00:00000000 00000000     0        0 31338 1 0 20 4 30 10 -1",
  "   2: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31339 1 0 100 0 0 10 0",
].join("\n");

it("finds the inode of a listening socket, not of its connections and not of another port", () => {
  expect(listeningInodes(TABLE, 8000)).toEqual(["31337"]);
  expect(listeningInodes(TABLE, 8002)).toEqual([]);
});

it.runIf(process.platform === "linux")("names the process that holds a port", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const port = boundPort(server);
  expect(await isPortFree(port)).toBe(false);
  expect(findPortOwner(port)).toMatchObject({ pid: process.pid, command: expect.stringContaining("node") });
  await new Promise((resolve) => server.close(resolve));
  expect(await isPortFree(port)).toBe(true);
  expect(findPortOwner(port)).toBeUndefined();
});

it("knows no owner where there is no /proc", () => {
  expect(findPortOwner(8000, "/nonexistent")).toBeUndefined();
});

it("finds a free port that can be listened on", async () => {
  expect(await isPortFree(await findFreePort())).toBe(true);
});
