import { serverNow } from "./server-contact.ts";

/** Which requests a question is about. A relative length ends at the moment of asking. */
export interface Scope {
  readonly range: { readonly lastMs: number } | { readonly fromMs: number; readonly toMs: number };
  readonly models: readonly string[];
  readonly operations: readonly string[];
  readonly providers: readonly string[];
}

/** Query parameters for a scope, resolved now. */
export function scopeQuery(scope: Scope) {
  const now = serverNow();
  const { range } = scope;
  const [from, to] = "lastMs" in range ? [now - range.lastMs, now] : [range.fromMs, range.toMs];
  return {
    from: Math.round(from),
    to: Math.round(to),
    m: scope.models,
    op: scope.operations,
    prov: scope.providers,
  };
}

/** How often a live view of this length asks again: about one bucket, 2 s to 60 s. */
export function refreshMs(scope: Scope): number {
  const lengthMs = "lastMs" in scope.range ? scope.range.lastMs : scope.range.toMs - scope.range.fromMs;
  return Math.min(60_000, Math.max(2_000, lengthMs / 720));
}
