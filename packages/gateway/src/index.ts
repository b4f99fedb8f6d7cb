export { readGatewayConfig, type GatewayConfig } from "./config/config.ts";
export type { Monitoring } from "./monitoring.ts";
export { createGateway, type Gateway, type GatewayLog, type GatewayOptions } from "./server.ts";
export type { UpstreamConfig, UsagePolicy } from "./upstream/upstream.ts";
export type { Environment } from "./config/environment.ts";
