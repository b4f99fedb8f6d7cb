/** Entry of the thread that prepares requests (ADR 0046). It knows no store and no network. */
import { parentPort } from "node:worker_threads";
import { MonitorError } from "@nexent/monitor-core";
import { createInlinePreparer, type PreparedSpans } from "./prepare-traces.ts";
import type { ThreadAnswer, ThreadRequest } from "./thread-messages.ts";

const preparer = createInlinePreparer();

function answer(message: ThreadAnswer): void {
  const columns = message.kind === "prepared" ? message.prepared.encoded?.columns : undefined;
  parentPort?.postMessage(message, columns === undefined ? [] : [columns.buffer]);
}

async function prepare({ id, request, nowMs }: ThreadRequest): Promise<void> {
  try {
    // One slice behind: the last one says so itself.
    let held: PreparedSpans | undefined;
    await preparer.prepare(request, nowMs, (prepared) => {
      if (held !== undefined) answer({ kind: "prepared", id, prepared: held, isLast: false });
      held = prepared;
    });
    if (held !== undefined) answer({ kind: "prepared", id, prepared: held, isLast: true });
  } catch (error) {
    if (error instanceof MonitorError) answer({ kind: "refused", id, code: error.code, message: error.message });
    else answer({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
  }
}

parentPort?.on("message", (message: ThreadRequest) => void prepare(message));
answer({ kind: "ready" });
