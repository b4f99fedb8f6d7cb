/** Body and headers of an answer with success; undefined for every other. */
export interface Fetched {
  readonly text: string;
  readonly headers: Headers;
}

const TIMEOUT_MS = 3_000;

/** Asks once; what cannot be had is undefined, never an exception. */
export async function fetchText(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Fetched | undefined> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    return answer.ok ? { text, headers: answer.headers } : undefined;
  } catch {
    return undefined;
  }
}

/** The `data` member of a JSON answer, as Jaeger and Prometheus write them; undefined when there is none. */
export async function fetchData(url: string, headers?: Readonly<Record<string, string>>): Promise<unknown> {
  const fetched = await fetchText(url, headers);
  try {
    const body: unknown = JSON.parse(fetched?.text ?? "null");
    return typeof body === "object" && body !== null && "data" in body ? body.data : undefined;
  } catch {
    return undefined;
  }
}

/** Sum of the samples of a name in a Prometheus exposition; undefined when there is none. */
export function sumOf(exposition: string, name: string, label = ""): number | undefined {
  const values = exposition
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(label))
    .map((line) =>
      Number(
        line
          .replace(/ # .*$/, "")
          .split(" ")
          .at(-1),
      ),
    );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
