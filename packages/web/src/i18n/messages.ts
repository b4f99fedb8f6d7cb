import type { en } from "./en.ts";
import type { ParamNames, ParamValue } from "./formatter.ts";

type English = typeof en;
export type MessageKey = keyof English;

/** A catalogue: the keys of the English one. */
export type Messages = Readonly<Record<MessageKey, string>>;

/** Keys whose parameters differ from the English ones; must be `never` for a catalogue to compile. */
export type ParamMismatch<M extends Messages> = {
  [K in MessageKey]: [ParamNames<M[K]>] extends [ParamNames<English[K]>]
    ? [ParamNames<English[K]>] extends [ParamNames<M[K]>]
      ? never
      : K
    : K;
}[MessageKey];

type ParamsOf<K extends MessageKey> = Readonly<Record<ParamNames<English[K]>, ParamValue>>;

/** Arguments of `t`: none for a plain message, else its parameters. */
export type MessageArgs<K extends MessageKey> = [ParamNames<English[K]>] extends [never] ? [] : [params: ParamsOf<K>];
