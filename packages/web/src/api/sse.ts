/** One Server-Sent Event. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Reads Server-Sent Events from text that arrives in any pieces. */
export interface SseParser {
  /** Events completed by this piece. */
  readonly push: (text: string) => readonly SseEvent[];
}

/** A parser by the HTML standard's rules for `event`, `data`, `id`; comments count as nothing. */
export function createSseParser(): SseParser {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let id: string | undefined;
  let sawCarriageReturn = false;

  const line = (text: string): SseEvent | undefined => {
    if (text === "") {
      const done =
        data.length === 0 ? undefined : { event: event === "" ? "message" : event, data: data.join("\n"), id };
      event = "";
      data = [];
      return done;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return undefined;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(text.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    return undefined;
  };

  return {
    push: (text) => {
      const events: SseEvent[] = [];
      for (const char of text) {
        const ends = char === "\r" || (char === "\n" && !sawCarriageReturn);
        // A line feed right after a carriage return belongs to the same line end, even in the next piece.
        const skip = char === "\n" && sawCarriageReturn;
        sawCarriageReturn = char === "\r";
        if (ends) {
          const done = line(rest);
          rest = "";
          if (done !== undefined) events.push(done);
        } else if (!skip) rest += char;
      }
      return events;
    },
  };
}
