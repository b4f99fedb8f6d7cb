export { readServerConfig, type Failpoint, type ServerConfig } from "./config.ts";
export { startServer, type RunningServer, type ServerDeps } from "./server.ts";
