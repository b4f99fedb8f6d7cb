/**
 * The process in which one client library is measured, wrapped by the SDK. It runs in the folder that has the library:
 * {@link startClientTarget} gives it an `import` that looks there.
 */
import { PLAY_ID_HEADER } from "../../exact-server/schedule.ts";
import { actAsClient } from "../act-as-client.ts";
import { obeyOrders } from "../obey-orders.ts";
import { PLAY_ATTRIBUTE } from "../otlp-json.ts";
import { CLIENTS, isClientName } from "./clients.ts";

/** Imports the packages of a client and obeys orders. @throws when there is no such client or package. */
export async function runClient(name: string, importPackage: (name: string) => Promise<unknown>): Promise<void> {
  if (!isClientName(name)) throw new Error(`there is no client ${name}`);
  const kind = CLIENTS[name];
  const driver = kind.create(await Promise.all(kind.packages.map(importPackage)));
  obeyOrders(async ({ scenario, playId, origin }) => {
    const call = {
      scenario,
      origin,
      headers: { [PLAY_ID_HEADER]: playId },
      attributes: { [PLAY_ATTRIBUTE]: playId },
    };
    const leftUnixMs = await actAsClient({
      scenario,
      ask: ({ signal }) => driver.ask({ ...call, signal }),
      count: driver.counter(scenario),
    });
    return scenario.client.kind === "break" && !kind.leavingEndsRequest ? undefined : leftUnixMs;
  });
}
