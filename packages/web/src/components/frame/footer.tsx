import { Keyboard, Moon, Sun } from "lucide-react";
import { useFormat } from "../../format/format.ts";
import { formatClock, formatOffset } from "../../format/time.ts";
import { useI18n } from "../../i18n/i18n-context.tsx";
import { LANGUAGES } from "../../i18n/languages.ts";
import { useTheme } from "../../theme/theme-context.tsx";
import css from "./frame.module.css";

/** Pipeline health as the footer shows it. */
export interface Health {
  readonly spansPerSecond: number;
  readonly spansRejected: number;
  readonly bytesOnDisk: number;
  readonly indexLagSeconds: number;
  readonly damagedFrames: number;
  readonly storageDegraded: boolean;
  readonly serverTimeMs: number;
}

interface FooterProps {
  readonly health: Health | undefined;
  readonly onKeys: () => void;
}

/** Whether the numbers can be trusted, then language, theme and shortcuts. */
export function Footer(props: FooterProps) {
  const { t } = useI18n();
  return (
    <footer className={css["footer"]}>
      <div className={css["health"]} role="group" aria-label={t("footer.label")}>
        <HealthLine health={props.health} />
      </div>
      <div className={css["switches"]}>
        <LanguageSwitch />
        <ThemeSwitch />
        <button
          type="button"
          className={css["switch"]}
          aria-label={t("footer.keys")}
          title={`${t("footer.keys")} (?)`}
          onClick={props.onKeys}
        >
          <Keyboard size={15} aria-hidden="true" />
        </button>
      </div>
    </footer>
  );
}

function HealthLine(props: { readonly health: Health | undefined }) {
  const { t } = useI18n();
  const format = useFormat();
  const { health } = props;
  if (health === undefined) return <span>{t("footer.unknown")}</span>;
  const lagging = health.indexLagSeconds > 10;
  return (
    <>
      <span className={health.storageDegraded ? css["warn"] : undefined}>
        <span className={css["dot"]} style={{ background: health.storageDegraded ? "var(--amber)" : "var(--green)" }} />
        {t(health.storageDegraded ? "footer.degraded" : "footer.ok")}
      </span>
      <span>
        {t("footer.spans", { rate: format.decimal(health.spansPerSecond, health.spansPerSecond < 10 ? 1 : 0) })}
      </span>
      <span className={health.spansRejected > 0 ? css["warn"] : undefined}>
        {t("footer.rejected", { n: health.spansRejected })}
      </span>
      <span className={lagging ? css["warn"] : undefined}>
        {t("footer.lag", { lag: format.duration(health.indexLagSeconds) })}
      </span>
      <span>{t("footer.disk", { bytes: format.bytes(health.bytesOnDisk) })}</span>
      {health.damagedFrames > 0 ? (
        <span className={css["warn"]}>{t("footer.damaged", { n: health.damagedFrames })}</span>
      ) : null}
      <span title={new Date(health.serverTimeMs).toISOString()}>
        {formatClock(health.serverTimeMs)} {formatOffset(health.serverTimeMs)}
      </span>
    </>
  );
}

/** One button per language, each in its own name. */
export function LanguageSwitch() {
  const { t, tag, setLanguage } = useI18n();
  return (
    <span role="group" aria-label={t("footer.language")}>
      {LANGUAGES.map((language) => (
        <button
          key={language.tag}
          type="button"
          className={css["switch"]}
          lang={language.tag}
          aria-pressed={language.tag === tag}
          onClick={() => setLanguage(language.tag)}
        >
          {language.ownName}
        </button>
      ))}
    </span>
  );
}

/** Switches between the light and the dark theme. */
export function ThemeSwitch() {
  const { t } = useI18n();
  const { name, toggle } = useTheme();
  const label = t(name === "dark" ? "footer.themeToLight" : "footer.themeToDark");
  const Icon = name === "dark" ? Sun : Moon;
  return (
    <button type="button" className={css["switch"]} aria-label={label} title={`${label} (Shift D)`} onClick={toggle}>
      <Icon size={15} aria-hidden="true" />
    </button>
  );
}
