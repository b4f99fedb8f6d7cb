import { useT, type Translate } from "../i18n/i18n-context.tsx";

/** `~2 %` where percentiles are sketches; `undefined` where everything is exact. */
export function boundText(t: Translate, relativeError: number | undefined): string | undefined {
  return relativeError === undefined ? undefined : t("stat.bound", { percent: percentOf(relativeError) });
}

/** Whether the percentiles of a panel are exact, and how far off they may be; the reason as the native hint. */
export function Exactness({ relativeError }: { readonly relativeError: number | undefined }) {
  const t = useT();
  if (relativeError === undefined) return <span title={t("stat.exactInfo")}>{t("stat.exact")}</span>;
  const percent = percentOf(relativeError);
  return <span title={t("stat.boundInfo", { percent })}>{boundText(t, relativeError)}</span>;
}

function percentOf(share: number): number {
  return Math.ceil(share * 100);
}
