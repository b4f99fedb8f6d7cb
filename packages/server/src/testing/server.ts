import { CSRF_HEADER, envelope, errorBodySchema, loginAnswerSchema, type LoginAnswer } from "@nexent/monitor-api";
import { createMemoryStore, type TraceStore } from "@nexent/monitor-store";
import { z } from "zod";
import { readServerConfig, type ServerConfig } from "../config.ts";
import type { ScryptCost } from "../http/password-hash.ts";
import { startServer, type RunningServer, type ServerDeps } from "../server.ts";

/** Cheap enough that a test may sign in as often as it likes. */
export const CHEAP_SCRYPT: ScryptCost = { ln: 10, r: 8, p: 1 };

/** A whole server on free ports over a memory store. */
export interface TestServer extends RunningServer {
  readonly store: TraceStore;
}

/** @param config settings over those of a memory-only server on free ports. */
export async function startTestServer(config: Partial<ServerConfig> = {}, deps: ServerDeps = {}): Promise<TestServer> {
  let store: TraceStore | undefined;
  const server = await startServer(testConfig(config), {
    passwordCost: CHEAP_SCRYPT,
    openStore: async ({ onAcknowledged }) => (store = createMemoryStore({ onAcknowledged })),
    ...deps,
  });
  if (store === undefined && deps.openStore === undefined) throw new Error("the store was not opened");
  return { ...server, store: store ?? createMemoryStore() };
}

/** Settings of a memory-only server on free ports. */
export function testConfig(over: Partial<ServerConfig> = {}): ServerConfig {
  const defaults = readServerConfig({
    LLM_MONITOR_DASHBOARD_PORT: "0",
    LLM_MONITOR_OTLP_HTTP_PORT: "0",
    LLM_MONITOR_JAEGER_PORT: "0",
    LLM_MONITOR_PROMETHEUS_PORT: "0",
    LLM_MONITOR_OTLP_GRPC_PORT: "0",
    LLM_MONITOR_JAEGER_THRIFT_PORT: "0",
  });
  return { ...defaults, dataDir: undefined, ...over };
}

/** What a browser does: keeps the cookie and the CSRF token, sends its Origin. */
export interface Browser {
  /** Any request with cookie, token and Origin; `headers` win. */
  request(method: string, path: string, options?: BrowserRequest): Promise<Response>;
  /** A request whose data is checked by the API's own schema. */
  data<T extends z.ZodType>(path: string, schema: T, method?: string): Promise<z.output<T>>;
  /** Signs in, changes or skips; keeps the new secrets. */
  begin(path: string, body: object): Promise<LoginAnswer>;
  /** Id of the error of an answer, and its status. */
  refusal(method: string, path: string, options?: BrowserRequest): Promise<readonly [status: number, id: string]>;
  cookie: string;
  csrf: string;
}
interface BrowserRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function openBrowser(baseUrl: string): Browser {
  const browser: Browser = {
    cookie: "",
    csrf: "",
    request(method, path, { body, headers = {} } = {}) {
      return fetch(baseUrl + path, {
        method,
        redirect: "manual",
        headers: {
          origin: baseUrl,
          ...(browser.cookie === "" ? {} : { cookie: browser.cookie }),
          ...(browser.csrf === "" ? {} : { [CSRF_HEADER]: browser.csrf }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    async data(path, schema, method = "GET") {
      const answer = await browser.request(method, path);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return schema.parse(envelope(z.unknown()).parse(await answer.json()).data);
    },
    async begin(path, body) {
      const answer = await browser.request("POST", path, { body });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      browser.cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? browser.cookie;
      const { data } = envelope(loginAnswerSchema).parse(await answer.json());
      browser.csrf = data.csrf;
      return data;
    },
    async refusal(method, path, options) {
      const answer = await browser.request(method, path, options);
      const { error } = errorBodySchema.parse(await answer.json());
      return [answer.status, error.id];
    },
  };
  return browser;
}

/** Signs in with the default password and skips the change, as a first user on this machine may. */
export async function signInAndSkip(baseUrl: string): Promise<Browser> {
  const browser = openBrowser(baseUrl);
  await browser.begin("/api/session", { user: "admin", password: "admin" });
  await browser.begin("/api/session/skip", {});
  return browser;
}
