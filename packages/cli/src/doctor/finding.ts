import type { MESSAGES } from "./messages.ts";

/** Names of what doctor can find; the text of each stands in `messages.ts`, in both languages. */
export type FindingId = keyof typeof MESSAGES;

/** `ok`: looked at and well. `note`: worth knowing. `warning`: may hurt later. `problem`: does not work now. */
export type FindingLevel = "ok" | "note" | "warning" | "problem";

/** One thing doctor looked at. */
export interface Finding {
  readonly id: FindingId;
  readonly level: FindingLevel;
  /** What the text names; never a secret. */
  readonly params: Readonly<Record<string, string | number>>;
}

/** A finding. */
export function finding(level: FindingLevel, id: FindingId, params: Finding["params"] = {}): Finding {
  return { id, level, params };
}

/** Languages of the report. */
export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];
