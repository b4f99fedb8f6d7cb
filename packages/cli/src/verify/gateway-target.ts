import { randomBytes } from "node:crypto";
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MonitorError } from "@nexent/monitor-core";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { PLAY_ID_HEADER } from "../exact-server/schedule.ts";
import { findFreePort } from "../processes/free-port.ts";
import { waitUntilHealthy } from "../processes/health.ts";
import { startService, type ServiceProcess } from "../processes/service-process.ts";
import { exportSettings, withoutSettings } from "./child-env.ts";
import { byteCounter } from "./count-chunks.ts";
import { requestOf } from "./scenario-request.ts";
import type { PlayOrder, PlayReport, TargetStart, VerifyTarget } from "./target.ts";

/** Where the gateway serves the exact-schedule server, all formats of it. */
const EXACT_PREFIX = "/exact";
const START_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 10_000;

class GatewayTarget implements VerifyTarget {
  readonly name = "gateway";
  readonly #process: ServiceProcess;
  /** Base URL of the exact-schedule server behind the gateway. */
  readonly #baseUrl: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(process: ServiceProcess, baseUrl: string) {
    this.#process = process;
    this.#baseUrl = baseUrl;
  }

  plays({ targets }: Scenario): boolean {
    return targets.includes("gateway");
  }

  async play({ scenario, playId }: PlayOrder): Promise<PlayReport> {
    const { path, body } = requestOf(scenario);
    const request = httpRequest(`${this.#baseUrl}${path}`, {
      method: "POST",
      agent: this.#agent,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        traceparent: `00-${playId}-${randomBytes(8).toString("hex")}-01`,
        [PLAY_ID_HEADER]: playId,
      },
    });
    const report = actAsClient(scenario, request);
    request.end(body);
    return report;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#process.stop(STOP_GRACE_MS);
  }
}

/** Starts a gateway process in front of the exact-schedule server. @throws when it does not come up. */
export async function startGatewayTarget(start: TargetStart): Promise<VerifyTarget> {
  const port = await findFreePort();
  const service = startService({
    name: "gateway",
    entry: fileURLToPath(import.meta.resolve("@nexent/monitor-gateway/main")),
    env: {
      ...withoutSettings(start.env),
      ...exportSettings(start.otlpEndpoint, "nexent-verify-gateway"),
      GATEWAY_PORT: String(port),
      GATEWAY_EXACT_BASE_URL: `${start.exactOrigin}/v1`,
    },
    logPath: join(start.logDir, "gateway.log"),
  });
  const healthy = await waitUntilHealthy({
    urls: [`http://127.0.0.1:${port}/health`],
    timeoutMs: START_TIMEOUT_MS,
    givenUp: () => service.exit !== undefined,
  });
  if (!healthy) {
    service.kill();
    throw new MonitorError(
      "UPSTREAM_UNREACHABLE",
      `the gateway did not start:\n${service.lastLogLines(10).join("\n")}`,
    );
  }
  return new GatewayTarget(service, `http://127.0.0.1:${port}${EXACT_PREFIX}`);
}

/** Resolves when the exchange is over, however it ends. */
async function actAsClient(scenario: Scenario, request: ClientRequest): Promise<PlayReport> {
  return new Promise((resolve) => {
    let leftUnixMs: number | undefined;
    const leave = (): void => {
      leftUnixMs ??= performance.timeOrigin + performance.now();
      request.destroy();
    };
    const { client } = scenario;
    const timer = client.kind === "abort" ? setTimeout(leave, client.atMs) : undefined;
    // Resets and cut bodies are what scenarios are made of: "close" tells the end of all of them.
    request.on("error", () => undefined);
    request.on("response", (response) => readResponse(scenario, response, leave));
    request.on("close", () => {
      clearTimeout(timer);
      resolve(leftUnixMs === undefined ? {} : { leftUnixMs });
    });
  });
}

function readResponse(scenario: Scenario, response: IncomingMessage, leave: () => void): void {
  const { client } = scenario;
  const count = byteCounter(scenario);
  let counted = 0;
  response.on("error", () => undefined);
  response.on("data", (bytes: Buffer) => {
    counted += count(bytes);
    if (client.kind === "break" && counted >= client.afterCountedChunks) leave();
  });
}
