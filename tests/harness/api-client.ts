import {
  CSRF_HEADER,
  envelope,
  loginAnswerSchema,
  requestDetailSchema,
  requestListSchema,
  streamSchema,
  type RequestDetail,
  type RequestList,
  type StreamView,
} from "@nexent/monitor-api";
import { z } from "zod";

/** A signed-in reader of the server's JSON API. */
export interface ApiClient {
  /** What a request of one's own has to carry: the session's cookie, and the token of `CSRF_HEADER`. */
  readonly cookie: string;
  readonly csrf: string;
  get<T extends z.ZodType>(path: string, data: T): Promise<z.infer<T>>;
  post<T extends z.ZodType>(path: string, body: object, data: T): Promise<z.infer<T>>;
  requests(query?: string): Promise<RequestList>;
  detail(id: string): Promise<RequestDetail>;
  stream(id: string): Promise<StreamView>;
}

/** Whole recorded time, as query parameters. */
export function allTime(): string {
  return `from=0&to=${Date.now() + 3_600_000}`;
}

/** Signs in with the default password and skips the change, as a first user on loopback may. */
export async function signIn(baseUrl: string): Promise<ApiClient> {
  const post = async (path: string, body: object, headers: Record<string, string>): Promise<Response> => {
    const answer = await fetch(`${baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: baseUrl, ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const cookieOf = (answer: Response): string =>
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0])
      .join("; ");
  const login = envelope(loginAnswerSchema);

  const first = await post("/api/session", { user: "admin", password: "admin" }, {});
  let cookie = cookieOf(first);
  let { csrf, session } = login.parse(await first.json()).data;
  if (session.stage === "must_change") {
    const skipped = await post("/api/session/skip", {}, { cookie, [CSRF_HEADER]: csrf });
    ({ csrf, session } = login.parse(await skipped.json()).data);
    cookie = cookieOf(skipped) || cookie;
  }

  const get: ApiClient["get"] = async (path, data) => {
    const answer = await fetch(`${baseUrl}${path}`, { headers: { cookie, [CSRF_HEADER]: csrf } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const body = envelope(z.unknown()).parse(await answer.json());
    return data.parse(body.data);
  };
  return {
    cookie,
    csrf,
    get,
    async post(path, body, data) {
      const answer = await post(path, body, { cookie, [CSRF_HEADER]: csrf });
      return data.parse(envelope(z.unknown()).parse(await answer.json()).data);
    },
    requests: (query = "") => get(`/api/requests?${allTime()}${query}`, requestListSchema),
    detail: (id) => get(`/api/requests/${id}`, requestDetailSchema),
    stream: (id) => get(`/api/requests/${id}/stream`, streamSchema),
  };
}
