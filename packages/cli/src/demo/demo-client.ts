import type { PlannedCall } from "./plan.ts";

/** How a call ended, seen by the client. */
export type CallResult = "ok" | "error" | "aborted" | "unreachable";

/** Where calls go. */
export interface DemoTarget {
  /** Base URL with `/v1`. */
  readonly baseUrl: string;
  /** Token of a gateway that asks for one. */
  readonly gatewayToken?: string | undefined;
}

/** Headers that let a request through a gateway that asks for a token. */
export function tokenHeaders({ gatewayToken }: DemoTarget): Readonly<Record<string, string>> {
  return gatewayToken === undefined ? {} : { "x-nexent-token": gatewayToken };
}

/** Makes one call and reads its answer like an application. Never rejects. `signal` ends it as a client abort. */
export async function makeCall(target: DemoTarget, call: PlannedCall, signal: AbortSignal): Promise<CallResult> {
  const abort = new AbortController();
  const timer = call.abortAfterMs === undefined ? undefined : setTimeout(() => abort.abort(), call.abortAfterMs);
  let answered = false;
  try {
    const response = await fetch(`${target.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...tokenHeaders(target) },
      body: JSON.stringify(call.body),
      signal: AbortSignal.any([abort.signal, signal]),
    });
    answered = true;
    const complete = await readToEnd(response);
    return response.ok && complete ? "ok" : "error";
  } catch {
    // Aborts, resets and refused connections are results here, not faults.
    if (abort.signal.aborted || signal.aborted) return "aborted";
    return answered ? "error" : "unreachable";
  } finally {
    clearTimeout(timer);
  }
}

async function readToEnd(response: Response): Promise<boolean> {
  const streamed = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const text = await response.text();
  return !streamed || (text.includes("data: [DONE]") && !text.includes('data: {"error"'));
}
