/** A gateway on a free loopback port in front of one upstream. */
import type { GatewayConfig } from "../config/config.ts";
import type { Monitoring } from "../monitoring.ts";
import { createGateway, type Gateway, type GatewayLog } from "../server.ts";
import type { UpstreamConfig } from "../upstream/upstream.ts";

export interface TestGatewayOptions {
  readonly upstreamOrigin: string;
  readonly upstream?: Partial<UpstreamConfig>;
  readonly config?: Partial<GatewayConfig>;
  readonly monitoring?: Monitoring;
  readonly log?: GatewayLog;
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
}

export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const upstream: UpstreamConfig = {
    name: "openai",
    prefix: "/v1",
    baseUrl: `${options.upstreamOrigin}/base/v1`,
    provider: "openai",
    format: "auto",
    usage: "inject",
    tracing: "pass",
    stall: "observe",
    models: [],
    streamIdleTimeoutMs: 0,
    ...options.upstream,
  };
  const config: GatewayConfig = {
    host: "127.0.0.1",
    port: 0,
    upstreams: [upstream],
    tokens: [],
    workers: 1,
    bufferedBodyBytes: 8 * 1024 * 1024,
    openRequests: 10_000,
    drainTimeoutMs: 30_000,
    accessLog: false,
    readToken: undefined,
    logLevel: "silent",
    allowedHosts: [],
    allowedOrigins: [],
    ...options.config,
  };
  const gateway = createGateway({
    config,
    ...(options.monitoring !== undefined && { monitoring: options.monitoring }),
    ...(options.log !== undefined && { log: options.log }),
  });
  const port = await gateway.listen();
  return { gateway, port, origin: `http://127.0.0.1:${port}` };
}
