import { isLoopbackName } from "@nexent/monitor-core";
import type { GatewayConfig } from "./config/config.ts";
import type { GatewayLog } from "./server.ts";

/** Says who can use the upstreams when others reach the listener and no token is asked for; nothing otherwise. */
export function warnIfExposed({ host, tokens, upstreams }: GatewayConfig, log: GatewayLog): void {
  if (isLoopbackName(host) || tokens.length > 0) return;
  log.warn(
    { event: "exposed_without_token", host, upstreams: upstreams.map((upstream) => upstream.name) },
    `everybody who reaches ${host} can use these upstreams with a key of their own; set GATEWAY_TOKENS to ask for a token`,
  );
}
