/** Parameter names that a message mentions: `{n, plural, …}` gives `n`. Every plural branch holds `#` or a space. */
export type ParamNames<S extends string> = S extends `${string}{${infer Rest}`
  ? NameAt<Rest> | ParamNames<Rest>
  : never;
type NameAt<S extends string> = S extends `${infer Inside}}${string}` ? NotBranch<BeforeComma<Inside>> : never;
type BeforeComma<S extends string> = S extends `${infer Name},${string}` ? Name : S;
type NotBranch<S extends string> = S extends `${string}${" " | "#" | "{"}${string}` ? never : S extends "" ? never : S;

export type ParamValue = string | number;
export type Params = Readonly<Record<string, ParamValue>>;

type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "hash" }
  | { readonly kind: "plural"; readonly name: string; readonly branches: ReadonlyMap<string, readonly Part[]> };

const parsed = new Map<string, readonly Part[]>();

/** Fills one message. Numbers are written by the language's own rules; an unknown name stays visible as `{name}`. */
export function formatMessage(message: string, params: Params, tag: string): string {
  let parts = parsed.get(message);
  if (parts === undefined) {
    parts = parseMessage(message);
    parsed.set(message, parts);
  }
  return render(parts, params, tag, undefined);
}

function render(parts: readonly Part[], params: Params, tag: string, hash: number | undefined): string {
  return parts.map((part) => renderPart(part, params, tag, hash)).join("");
}

function renderPart(part: Part, params: Params, tag: string, hash: number | undefined): string {
  if (part.kind === "text") return part.text;
  if (part.kind === "hash") return hash === undefined ? "#" : number(hash, tag);
  const value = params[part.name];
  if (part.kind === "value") {
    if (value === undefined) return `{${part.name}}`;
    return typeof value === "number" ? number(value, tag) : value;
  }
  const amount = Number(value);
  const branch = part.branches.get(pluralRules(tag).select(amount)) ?? part.branches.get("other") ?? [];
  return render(branch, params, tag, amount);
}

const rules = new Map<string, Intl.PluralRules>();
function pluralRules(tag: string): Intl.PluralRules {
  const known = rules.get(tag) ?? new Intl.PluralRules(tag);
  rules.set(tag, known);
  return known;
}

const numbers = new Map<string, Intl.NumberFormat>();
function number(value: number, tag: string): string {
  const known = numbers.get(tag) ?? new Intl.NumberFormat(tag);
  numbers.set(tag, known);
  return known.format(value);
}

/** Reads a message into its parts. @throws SyntaxError on an unclosed brace: a catalogue fault that tests find. */
export function parseMessage(message: string): readonly Part[] {
  const reader = new MessageReader(message);
  const parts = reader.parts(false);
  return parts;
}

/** Names of all parameters, sorted; for parity checks between languages. */
export function namesOf(message: string): readonly string[] {
  const names = new Set<string>();
  const visit = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (part.kind === "value" || part.kind === "plural") names.add(part.name);
      if (part.kind === "plural") part.branches.forEach(visit);
    }
  };
  visit(parseMessage(message));
  return [...names].toSorted();
}

class MessageReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parts(nested: boolean): readonly Part[] {
    const parts: Part[] = [];
    let text = "";
    const flush = () => {
      if (text !== "") parts.push({ kind: "text", text });
      text = "";
    };
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      if (char === "}" && nested) break;
      this.#at += 1;
      if (char === "{") {
        flush();
        parts.push(this.#argument());
      } else if (char === "#" && nested) {
        flush();
        parts.push({ kind: "hash" });
      } else text += char;
    }
    flush();
    return parts;
  }

  #argument(): Part {
    const name = this.#until(/[,}]/).trim();
    if (this.#take() === "}") return { kind: "value", name };
    this.#until(/,/);
    this.#take();
    const branches = new Map<string, readonly Part[]>();
    for (;;) {
      const key = this.#until(/[{}]/).trim();
      if (this.#take() === "}") return { kind: "plural", name, branches };
      branches.set(key, this.parts(true));
      this.#take();
    }
  }

  #until(stop: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !stop.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #take(): string {
    const char = this.#text.charAt(this.#at);
    if (char === "") throw new SyntaxError(`unclosed brace in message: ${this.#text}`);
    this.#at += 1;
    return char;
  }
}
