/** What every process has in common whose own calls are measured: it speaks over IPC only. */
import { configure, shutdown } from "@nexent/monitor";
import { scenarioByName } from "@nexent/monitor-core/scenarios";
import { openConnection } from "./act-as-client.ts";
import type { ChildAnswer, ChildOrder, ChildPlay } from "./child-messages.ts";

/** Makes one call; resolves with the moment at which the client left, if it did. */
export type Play = (play: ChildPlay) => Promise<number | undefined>;

/** Turns monitoring on, says that it is ready, and plays what it is told until it is stopped. */
export function obeyOrders(play: Play): void {
  process.on("message", (order: ChildOrder) => void obey(order, play));
  process.on("disconnect", () => process.exit(1));
  // Loads OpenTelemetry now, so that its 0.2 s are in no measurement.
  configure();
  answer({ type: "ready" });
}

async function obey(order: ChildOrder, play: Play): Promise<void> {
  if (order.type === "play") {
    const { playId, origin } = order;
    const scenario = scenarioByName(order.scenario);
    if (scenario !== undefined) await openConnection(origin);
    const leftUnixMs = scenario && (await play({ scenario, playId, origin }));
    answer({ type: "played", playId, ...(leftUnixMs === undefined ? {} : { leftUnixMs }) });
    return;
  }
  await shutdown({ timeoutMs: 5_000 });
  // Streams that nobody read still hold their sockets.
  process.exit(0);
}

function answer(message: ChildAnswer): void {
  process.send?.(message);
}
