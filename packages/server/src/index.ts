export { readServerConfig, type Failpoint, type ServerConfig } from "./config.ts";
export { redactText } from "./ingest/redact.ts";
export { startServer, type RunningServer, type ServerDeps } from "./server.ts";
export { VERSION } from "./version.ts";
