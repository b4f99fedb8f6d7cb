// The floor of the technique: the iterator of a stream patched in place, with one clock read and one classification per
// chunk and nothing else. Nobody would ship it; it says what observing costs before anything is measured.

/** What the floor saw; kept, so that no engine can drop the work. */
const seen = { counted: 0, lastMs: 0 };

function classify(chunk) {
  const text = chunk.choices[0]?.delta?.content;
  return typeof text === "string" && text !== "";
}

function note(result) {
  const now = performance.now();
  if (result.done !== true && classify(result.value)) {
    seen.counted += 1;
    seen.lastMs = now;
  }
  return result;
}

function patchStream(stream) {
  const open = stream.iterator;
  stream.iterator = () => {
    const iterator = open();
    const { next } = iterator;
    iterator.next = (value) => next.call(iterator, value).then(note);
    return iterator;
  };
  return stream;
}

/** Observes the streams of a client. */
export function patchBare(client) {
  const { completions } = client.chat;
  const { create } = completions;
  completions.create = function observed(...args) {
    const promise = create.apply(completions, args);
    if (args[0]?.stream !== true) return promise;
    const { parseResponse } = promise;
    promise.parseResponse = (...given) => parseResponse(...given).then(patchStream);
    return promise;
  };
  return client;
}
