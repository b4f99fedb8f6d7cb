import type { Message, SetupCheck, SetupReasonId, SetupTest } from "@nexent/monitor-api";
import type { PipelineSnapshot } from "../self/pipeline-counters.ts";

/** What the setup page asks about: where things listen, and what the pipeline has seen. */
export interface SetupOptions {
  readonly gatewayUrl: string;
  readonly otlpUrl: () => string;
  readonly otlpGrpcUrl: () => string;
  readonly jaegerThriftUrl: () => string;
  readonly dashboardUrl: () => string;
  readonly isReceiverOpen: () => boolean;
  readonly pipeline: () => PipelineSnapshot;
  /** Injected in tests; default the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** From nothing to the first request, step by step. */
export interface Setup {
  check(signal: AbortSignal): Promise<SetupCheck>;
  /** Sends one streamed request through the gateway to the built-in model and reads it to its end. */
  test(signal: AbortSignal): Promise<SetupTest>;
}

const PROBE_MS = 500;
const TEST_MS = 15_000;
/** Most bytes read of the test's answer. */
const TEST_BYTES = 1024 * 1024;
const EXACT_PATH = "/exact/v1";
const EXACT_MODEL = "exact";

type Step = SetupCheck["steps"][number];

function reason(id: SetupReasonId, params: Message["params"] = {}): Message {
  return { id, params };
}

export function createSetup(options: SetupOptions): Setup {
  const ask = options.fetch ?? fetch;
  const exactUrl = options.gatewayUrl + EXACT_PATH;

  async function answers(url: string, signal: AbortSignal): Promise<boolean> {
    try {
      const response = await ask(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
        redirect: "error",
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // Refused or late: for the page both mean "not open".
      return false;
    }
  }

  return {
    async check(signal) {
      const gatewayOpen = await answers(`${options.gatewayUrl}/health`, signal);
      const exactOpen = gatewayOpen && (await answers(`${exactUrl}/models`, signal));
      const pipeline = options.pipeline();
      const receiverOpen = options.isReceiverOpen();
      return {
        listening: [
          { name: "gateway", url: options.gatewayUrl, open: gatewayOpen },
          { name: "otlp_http", url: options.otlpUrl(), open: receiverOpen },
          { name: "otlp_grpc", url: options.otlpGrpcUrl(), open: receiverOpen },
          { name: "jaeger_thrift", url: options.jaegerThriftUrl(), open: receiverOpen },
          { name: "dashboard", url: options.dashboardUrl(), open: true },
        ],
        steps: stepsOf(pipeline, receiverOpen, options.otlpUrl()),
        gatewayBaseUrl: `${options.gatewayUrl}/v1`,
        ...(exactOpen ? { exactBaseUrl: exactUrl } : {}),
        otlpUrl: options.otlpUrl(),
        ...(pipeline.newestCallId === undefined ? {} : { newestRequestId: pipeline.newestCallId }),
      };
    },
    async test(signal) {
      try {
        const response = await ask(`${exactUrl}/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ model: EXACT_MODEL, stream: true, messages: [{ role: "user", content: "Hello" }] }),
          signal: AbortSignal.any([signal, AbortSignal.timeout(TEST_MS)]),
          redirect: "error",
        });
        await readToEnd(response);
        if (response.ok) return { sent: true, status: response.status };
        const cause =
          response.status === 404
            ? reason("exact_model_missing", { url: exactUrl })
            : reason("gateway_answered", { status: response.status });
        return { sent: false, status: response.status, reason: cause };
      } catch {
        return { sent: false, reason: reason("gateway_closed", { url: options.gatewayUrl }) };
      }
    },
  };
}

/** A stream that is not read to its end would be recorded as cancelled. */
async function readToEnd(response: Response): Promise<void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  for (let size = 0; size < TEST_BYTES;) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.byteLength;
  }
  await reader.cancel();
}

/** The four steps; the first that fails carries its cause, those after it wait. */
export function stepsOf(pipeline: PipelineSnapshot, receiverOpen: boolean, otlpUrl: string): Step[] {
  const refused = [...pipeline.refusedByReason.values()].reduce((sum, count) => sum + count, 0);
  const refusal = pipeline.lastRefusal;
  const refusedReason = refusal === undefined ? undefined : reason("refused", { count: refused, ...refusal });
  const tests: readonly { readonly id: Step["id"]; readonly ok: boolean; readonly why: () => Message | undefined }[] = [
    {
      id: "port_open",
      ok: receiverOpen,
      why: () => reason("receiver_closed", { port: Number(new URL(otlpUrl).port) }),
    },
    { id: "bytes_seen", ok: pipeline.bodies > 0, why: () => refusedReason ?? reason("no_bytes", { url: otlpUrl }) },
    { id: "span_decoded", ok: pipeline.spansAccepted > 0, why: () => refusedReason ?? rejectedReason(pipeline) },
    {
      id: "llm_attributes",
      ok: pipeline.callsStored > 0,
      why: () => reason("no_llm_attributes", { spans: pipeline.spansAccepted }),
    },
  ];
  const failing = tests.findIndex(({ ok }) => !ok);
  return tests.map(({ id, ok, why }, index): Step => {
    if (ok && (failing === -1 || index < failing)) return { id, state: "ok" };
    if (index !== failing) return { id, state: "waiting" };
    const cause = why();
    // Nothing came yet is no fault; a refusal is.
    const state = cause?.id === "no_bytes" ? "waiting" : "no";
    return { id, state, ...(cause === undefined ? {} : { reason: cause }) };
  });
}

function rejectedReason(pipeline: PipelineSnapshot): Message {
  const worst = [...pipeline.rejectedByReason].toSorted((a, b) => b[1] - a[1])[0];
  return worst === undefined
    ? reason("no_span", { bodies: pipeline.bodies })
    : reason("spans_rejected", { count: worst[1], reason: worst[0] });
}
