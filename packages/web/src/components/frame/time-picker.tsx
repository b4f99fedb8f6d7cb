import { ChevronDown, ChevronLeft, ChevronRight, ZoomOut } from "lucide-react";
import { Popover } from "radix-ui";
import { useId, useState, type FormEvent } from "react";
import { formatDate, formatMinute, formatMoment } from "../../format/time.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import {
  absolute,
  parseMoment,
  RELATIVE_KEYS,
  resolveRange,
  shiftRange,
  zoomOut,
  type Range,
} from "../../state/range.ts";
import { Button, buttonClass } from "../button.tsx";
import popup from "../popup.module.css";
import css from "./frame.module.css";

interface TimePickerProps {
  readonly range: Range;
  readonly nowMs: () => number;
  readonly onChange: (range: Range) => void;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** Shift, choose or type the range in view. */
export function TimePicker(props: TimePickerProps) {
  const t = useT();
  const { range, onChange } = props;
  const now = props.nowMs();
  const label = range.kind === "relative" ? t(`range.${range.key}`) : fixedLabel(range, now);
  return (
    <>
      <Button
        look="quiet"
        iconOnly
        className={css["step"]}
        aria-label={t("range.earlier")}
        title={`${t("range.earlier")} ([)`}
        onClick={() => onChange(shiftRange(range, -0.5, props.nowMs()))}
      >
        <ChevronLeft size={15} aria-hidden="true" />
      </Button>
      <Popover.Root open={props.open} onOpenChange={props.onOpenChange}>
        <Popover.Trigger className={`${buttonClass()} ${css["range"]}`} aria-label={`${t("range.label")}: ${label}`}>
          {label}
          <ChevronDown size={13} aria-hidden="true" />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className={popup["popup"]}
            align="end"
            sideOffset={4}
            collisionPadding={8}
            aria-label={t("range.label")}
          >
            <QuickRanges {...props} />
            <FixedRange {...props} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <Button
        look="quiet"
        iconOnly
        className={css["step"]}
        aria-label={t("range.later")}
        title={`${t("range.later")} (])`}
        disabled={range.kind === "relative"}
        onClick={() => onChange(shiftRange(range, 0.5, props.nowMs()))}
      >
        <ChevronRight size={15} aria-hidden="true" />
      </Button>
      <Button
        look="quiet"
        iconOnly
        className={css["step"]}
        aria-label={t("range.zoomOut")}
        title={`${t("range.zoomOut")} (-)`}
        onClick={() => onChange(zoomOut(range, props.nowMs()))}
      >
        <ZoomOut size={15} aria-hidden="true" />
      </Button>
    </>
  );
}

function fixedLabel(range: Range & { readonly kind: "absolute" }, nowMs: number): string {
  return `${formatMoment(range.fromMs, nowMs)}–${formatMoment(range.toMs, range.fromMs)}`;
}

function QuickRanges(props: TimePickerProps) {
  const t = useT();
  const now = props.nowMs();
  const choose = (range: Range) => {
    props.onChange(range);
    props.onOpenChange(false);
  };
  return (
    <div role="group" aria-label={t("range.label")}>
      {RELATIVE_KEYS.map((key) => {
        const range: Range = { kind: "relative", key };
        const chosen = props.range.kind === "relative" && props.range.key === key;
        return (
          <button
            key={key}
            type="button"
            className={`${popup["option"]} ${buttonClass("quiet")}`}
            aria-pressed={chosen}
            onClick={() => choose(range)}
          >
            {t(`range.${key}`)}
            <span className={popup["count"]}>{formatMoment(resolveRange(range, now).fromMs, now)} –</span>
          </button>
        );
      })}
    </div>
  );
}

function FixedRange(props: TimePickerProps) {
  const t = useT();
  const id = useId();
  const now = props.nowMs();
  const shown = resolveRange(props.range, now);
  const [from, setFrom] = useState(momentText(shown.fromMs));
  const [to, setTo] = useState(props.range.kind === "relative" ? "now" : momentText(shown.toMs));
  const [bad, setBad] = useState(false);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const fromMs = parseMoment(from, props.nowMs());
    const toMs = parseMoment(to, props.nowMs());
    if (fromMs === undefined || toMs === undefined || toMs <= fromMs) {
      setBad(true);
      return;
    }
    props.onChange(absolute(fromMs, toMs));
    props.onOpenChange(false);
  };
  return (
    <form className={css["fields"]} onSubmit={apply}>
      <label htmlFor={`${id}-from`}>{t("range.from")}</label>
      <input
        id={`${id}-from`}
        value={from}
        onChange={(event) => setFrom(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <label htmlFor={`${id}-to`}>{t("range.to")}</label>
      <input
        id={`${id}-to`}
        value={to}
        onChange={(event) => setTo(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <p className={bad ? css["bad"] : undefined} role={bad ? "alert" : undefined}>
        {t("range.bad")}
      </p>
      <Button type="submit">{t("range.apply")}</Button>
    </form>
  );
}

function momentText(ms: number): string {
  return `${formatDate(ms)} ${formatMinute(ms)}`;
}
