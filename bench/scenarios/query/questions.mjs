// What the dashboard asks, as it asks it: signed in, over HTTP.
import { CSRF_HEADER } from "../../../packages/api/dist/index.js";

/** A signed-in page. Each ask resolves with the milliseconds until the last byte, and the answer. */
export async function openPage(dashboard) {
  let [cookie, csrf] = ["", ""];
  const request = async (method, path, body) => {
    const begin = performance.now();
    const answer = await fetch(dashboard + path, {
      method,
      headers: {
        origin: dashboard,
        ...(cookie === "" ? {} : { cookie }),
        ...(csrf === "" ? {} : { [CSRF_HEADER]: csrf }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const ms = performance.now() - begin;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 200)}`);
    cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return { ms, body: JSON.parse(text) };
  };
  const begin = async (path, body) => {
    csrf = (await request("POST", path, body)).body.data.csrf;
  };
  await begin("/api/session", { user: "admin", password: "admin" });
  await begin("/api/session/skip", {});
  return { ask: (path) => request("GET", path) };
}

const HOUR_MS = 3_600_000;
const METRICS = ["ttft", "speed", "duration", "requests", "error_rate"];

/** Questions about a range, by name. */
function rangeQuestions(name, from, to) {
  const range = `from=${from}&to=${to}`;
  return [
    [`summary, ${name}`, `/api/summary?${range}`],
    ...METRICS.map((metric) => [
      `series ${metric} by model, ${name}`,
      `/api/series?${range}&metric=${metric}&by=model`,
    ]),
    [`filters, ${name}`, `/api/facets?${range}`],
    [`requests, newest, ${name}`, `/api/requests?${range}&limit=200`],
    [`requests, slowest first token, ${name}`, `/api/requests?${range}&sort=-ttft&limit=200`],
    [`requests, errors of one model, ${name}`, `/api/requests?${range}&m=gpt-4o&outcome=error&limit=200`],
    [`requests, text, ${name}`, `/api/requests?${range}&f=timeout&limit=200`],
  ];
}

/** Every question, over 1 h, 24 h and everything, ending where the data ends; and those about one request. */
export async function questionsOf(page, { fromMs, toMs }) {
  const questions = [
    ...rangeQuestions("1 h", toMs - HOUR_MS, toMs),
    ...rangeQuestions("24 h", toMs - 24 * HOUR_MS, toMs),
    ...rangeQuestions("all days", fromMs, toMs),
  ].map(([name, path]) => ({ name, paths: [path] }));
  const { body } = await page.ask(`/api/requests?from=${fromMs}&to=${toMs}&sort=-out&limit=20`);
  const ids = body.data.rows.map(({ id }) => id);
  questions.push({ name: "one request", paths: ids.map((id) => `/api/requests/${id}`) });
  questions.push({ name: "its tokens", paths: ids.map((id) => `/api/requests/${id}/stream`) });
  return questions;
}

/** Questions that end now: what comes in is part of their answers. */
export function liveQuestions(toMs) {
  const range = `from=${toMs - 12 * HOUR_MS}&to=${Date.now()}`;
  const names = ["summary", "series ttft by model"];
  const paths = [`/api/summary?${range}`, `/api/series?${range}&metric=ttft&by=model`];
  return names.map((name, at) => ({ name: `${name}, half a day and today`, paths: [paths[at]] }));
}

/** What Grafana and Jaeger's page ask the Jaeger API. */
export async function jaegerQuestions(page, { fromMs, toMs }) {
  const { body } = await page.ask(`/api/requests?from=${fromMs}&to=${toMs}&sort=-out&limit=20`);
  const traces = body.data.rows.map(({ traceId }) => `/api/traces/${traceId}`);
  const range = (hours) => `start=${(toMs - hours * HOUR_MS) * 1000}&end=${toMs * 1000}`;
  const all = `start=${fromMs * 1000}&end=${toMs * 1000}`;
  const search = "/api/traces?service=shop-api&limit=20";
  const searches = [
    ["Jaeger services", "/api/services"],
    ["Jaeger operations", "/api/operations?service=shop-api"],
    ["Jaeger search, 1 h", `${search}&${range(1)}`],
    ["Jaeger search, duration, 24 h", `${search}&${range(24)}&minDuration=10s`],
    ["Jaeger search, tag, 24 h", `${search}&${range(24)}&tag=http.response.status_code:504`],
    ["Jaeger search, tag, all days", `${search}&${all}&tag=http.response.status_code:504`],
  ];
  return [{ name: "one trace", paths: traces }, ...searches.map(([name, path]) => ({ name, paths: [path] }))];
}
