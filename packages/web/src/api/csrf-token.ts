const STORAGE_KEY = "nexent.csrf";
const CHANNEL = "nexent.csrf";
const ASK_MS = 400;

let memory: string | undefined;

/** The session's CSRF token of this tab. */
export function csrfToken(): string | undefined {
  if (memory !== undefined) return memory;
  try {
    memory = sessionStorage.getItem(STORAGE_KEY) ?? undefined;
  } catch {
    // Without storage the token lives in memory only and a reload signs in again.
  }
  return memory;
}

/** Keeps the token for this tab; undefined forgets it. */
export function keepCsrfToken(token: string | undefined): void {
  memory = token;
  try {
    if (token === undefined) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, token);
  } catch {
    // See csrfToken.
  }
}

function isAnswer(value: unknown): value is { readonly token: string } {
  return typeof value === "object" && value !== null && "token" in value && typeof value.token === "string";
}

/** Answers other tabs of this origin that were opened without a token. Returns the stop function. */
export function answerOtherTabs(): () => void {
  if (typeof BroadcastChannel === "undefined") return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", (event: MessageEvent<unknown>) => {
    const token = csrfToken();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    if (event.data === "ask" && token !== undefined) channel.postMessage({ token });
  });
  return () => channel.close();
}

/** Asks the other tabs for the token of the session they share; undefined when none answers in time. */
export async function askOtherTabs(): Promise<string | undefined> {
  if (typeof BroadcastChannel === "undefined") return undefined;
  const channel = new BroadcastChannel(CHANNEL);
  const answer = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ASK_MS);
    channel.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (!isAnswer(event.data)) return;
      clearTimeout(timer);
      resolve(event.data.token);
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    channel.postMessage("ask");
  });
  channel.close();
  if (answer !== undefined) keepCsrfToken(answer);
  return answer;
}
