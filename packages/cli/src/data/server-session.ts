import { CSRF_HEADER, envelope, errorBodySchema, loginAnswerSchema } from "@nexent/monitor-api";
import { MonitorError, PORTS } from "@nexent/monitor-core";
import { z } from "zod";
import type { CliConfig } from "../config.ts";
import { askHealth } from "../processes/health.ts";

/** Where and as whom to sign in. */
export interface ServerSessionOptions {
  readonly config: CliConfig;
  readonly user: string;
}

/** The running server's API, signed in. */
export interface ServerSession {
  readonly url: string;
  /** Sends JSON and checks the answer. @throws {MonitorError} with the code the server gave. */
  post<T extends z.ZodType>(path: string, body: object, answer: T): Promise<z.output<T>>;
  /** Asks and checks the answer. @throws {MonitorError} with the code the server gave. */
  get<T extends z.ZodType>(path: string, answer: T): Promise<z.output<T>>;
  /** Signs out. */
  end(): Promise<void>;
}

interface Credentials {
  readonly cookie: string;
  readonly csrf: string;
}

/** Signs in to the server of this host. @throws {STORE_UNAVAILABLE} {UNAUTHENTICATED} {FORBIDDEN} */
export async function openServerSession({ config, user }: ServerSessionOptions): Promise<ServerSession> {
  const url = await findServer(config);
  const credentials = await signIn(url, user, config.password);
  return {
    url,
    async post(path, body, answer) {
      const response = await send(url, "POST", path, body, credentials);
      return answer.parse(envelope(z.unknown()).parse(await response.json()).data);
    },
    async get(path, answer) {
      const response = await send(url, "GET", path, undefined, credentials);
      return answer.parse(envelope(z.unknown()).parse(await response.json()).data);
    },
    async end() {
      await send(url, "DELETE", "/api/session", undefined, credentials);
    },
  };
}

async function findServer({ serverHost, dashboardPort }: CliConfig): Promise<string> {
  const ports =
    dashboardPort === undefined ? [PORTS.dashboard.port, PORTS.dashboardBesideGrafana.port] : [dashboardPort];
  for (const port of ports) {
    const url = `http://${serverHost}:${port}`;
    const answer = await askHealth(`${url}/health`);
    // Grafana on 3005 answers every address with its sign-in page.
    if (answer.status === "up" && answer.body === "ok") return url;
  }
  throw new MonitorError("STORE_UNAVAILABLE", `no server answers on ${serverHost}:${ports.join(" or ")}`, {
    hint: "Start it with nexent-monitor up (in a source tree: npm start), or set LLM_MONITOR_DASHBOARD_PORT.",
  });
}

async function signIn(url: string, user: string, password: string): Promise<Credentials> {
  const first = await send(url, "POST", "/api/session", { user, password });
  const login = await credentialsOf(first);
  if (!login.mustChange) return login;
  // The default password is still valid; only this machine may go on with it.
  return await credentialsOf(await send(url, "POST", "/api/session/skip", {}, login));
}

async function credentialsOf(response: Response): Promise<Credentials & { readonly mustChange: boolean }> {
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { csrf, session } = envelope(loginAnswerSchema).parse(await response.json()).data;
  return { cookie, csrf, mustChange: session.stage === "must_change" };
}

async function send(
  url: string,
  method: string,
  path: string,
  body: object | undefined,
  credentials?: Credentials,
): Promise<Response> {
  const response = await fetch(url + path, {
    method,
    redirect: "error",
    headers: {
      origin: url,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(credentials === undefined ? {} : { cookie: credentials.cookie, [CSRF_HEADER]: credentials.csrf }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await faultOf(response);
  return response;
}

const HINTS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: "Set LLM_MONITOR_PASSWORD to the password of the dashboard, and --user if it is not admin.",
  FORBIDDEN: "Sign in to the dashboard once and change the password, then set LLM_MONITOR_PASSWORD.",
  RATE_LIMITED: "Too many attempts; wait some minutes.",
  NOT_FOUND: "Preview it again: a plan is good for one purge within 10 minutes.",
};

async function faultOf(response: Response): Promise<MonitorError> {
  const body = errorBodySchema.safeParse(await response.json().catch(() => undefined));
  const id = body.success ? body.data.error.id : "";
  const code = CODES.find((known) => known === id) ?? "STORE_UNAVAILABLE";
  const problem = body.success ? Object.values(body.data.error.params).join(" ") : `HTTP ${response.status}`;
  const hint = HINTS[code];
  const message = `the server refused: ${[id, problem].filter((part) => part !== "").join(" ")}`;
  return new MonitorError(code, message, hint === undefined ? {} : { hint });
}

/** What the server may answer with; anything else is told as unavailable. */
const CODES = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "RATE_LIMITED",
  "NOT_FOUND",
  "QUERY_INVALID",
  "STORE_FULL",
  "CAPABILITY_MISSING",
] as const;
