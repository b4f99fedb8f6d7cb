import { z } from "zod";
import type { ControlFile } from "../control-file.ts";

/** Stable colour index per model name, given on first sight and kept for ever. */
export interface Accents {
  /** Indexes of all models seen so far; names that are new get the next free ones, in the order given. */
  of(models: readonly string[]): Promise<Readonly<Record<string, number>>>;
}

/** Names kept at most; models beyond get an index that is not remembered. */
const MAX_MODELS = 1_000;
const schema = z.array(z.string());

/** @param file where the order of first sight is kept. */
export async function loadAccents(file: ControlFile): Promise<Accents> {
  const parsed = schema.safeParse(await file.load());
  const order = parsed.success ? parsed.data : [];
  const known = new Map(order.map((model, index) => [model, index]));
  return {
    async of(models) {
      const fresh = models.filter((model) => !known.has(model)).slice(0, Math.max(0, MAX_MODELS - known.size));
      for (const model of fresh) known.set(model, known.size);
      if (fresh.length > 0) await file.save([...known.keys()]);
      // `fromEntries` defines own keys, so a model named `__proto__` is a key like any other.
      return Object.fromEntries(known);
    },
  };
}
