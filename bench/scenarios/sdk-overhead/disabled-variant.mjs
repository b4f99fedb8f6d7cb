// What a disabled SDK is measured on. Each query string makes a copy of its own, so that no variant changes how the
// engine compiles another.

/** About the smallest function that asks a model: it builds a request. */
export function ask(question) {
  return { model: "gpt-4o", messages: [{ role: "user", content: question }] };
}

export async function askAsync(question) {
  return ask(question);
}

/** The latest answer; kept, so that no engine can drop the call. */
export let last;

/** Nanoseconds per call. */
export function callLoop(fn, count) {
  const began = performance.now();
  for (let i = 0; i < count; i += 1) last = fn("How fast is it?");
  return ((performance.now() - began) * 1e6) / count;
}

/** Nanoseconds per awaited call. */
export async function awaitLoop(fn, count) {
  const began = performance.now();
  for (let i = 0; i < count; i += 1) last = await fn("How fast is it?");
  return ((performance.now() - began) * 1e6) / count;
}
