import type { ReactNode } from "react";
import { Link } from "wouter";
import { useFormat } from "../format/format.ts";
import { useI18n } from "../i18n/i18n-context.tsx";
import { Button, buttonClass } from "./button.tsx";
import css from "./states.module.css";

/** The parts of a failed call that a reader can use. */
export interface Failure {
  readonly id: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly requestId: string | undefined;
}

/** A failure in the reader's language. */
export function useFailureText(): (failure: Failure) => string {
  const { t, fromServer } = useI18n();
  return (failure) => fromServer("error", failure.id, failure.params) ?? t("error.other", { id: failure.id });
}

/** An error inside of its panel: what, which request, and a way to try again. */
export function ErrorState(props: { readonly failure: Failure; readonly onRetry: () => void }) {
  const { t } = useI18n();
  const text = useFailureText();
  return (
    <div className={css["state"]} role="alert">
      <h2>{t("error.title")}</h2>
      <p className={css["error"]}>{text(props.failure)}</p>
      {props.failure.requestId === undefined ? null : (
        <p className={css["id"]}>{t("error.requestId", { id: props.failure.requestId })}</p>
      )}
      <Button onClick={props.onRetry}>{t("app.retry")}</Button>
    </div>
  );
}

interface EmptyProps {
  /** Start of the newest call ever stored; undefined = never any. */
  readonly newestCallMs: number | undefined;
  readonly nowMs: number;
  /** A filter is set, so it may be what hides the requests. */
  readonly filtered: boolean;
  readonly onClearFilter: () => void;
  readonly onJump: (newestCallMs: number) => void;
  /** What this page offers when nothing was ever seen. */
  readonly first?: ReactNode;
}

/** Why there is nothing: never any data, a filter that matches nothing, or none in this range. */
export function EmptyState(props: EmptyProps) {
  const { t } = useI18n();
  const format = useFormat();
  const { newestCallMs } = props;
  if (newestCallMs === undefined) {
    return (
      <div className={css["state"]}>
        <h2>{t("empty.never")}</h2>
        <p>{t("empty.neverText")}</p>
        {props.first}
        <div className={css["actions"]}>
          <Link href="/setup" className={buttonClass("primary")}>
            {t("empty.setup")}
          </Link>
        </div>
      </div>
    );
  }
  if (props.filtered) {
    return (
      <div className={css["state"]}>
        <h2>{t("empty.filter")}</h2>
        <Button onClick={props.onClearFilter}>{t("filter.clearAll")}</Button>
      </div>
    );
  }
  return (
    <div className={css["state"]}>
      <h2>{t("empty.range")}</h2>
      <p>{t("empty.rangeText", { ago: format.ago((props.nowMs - newestCallMs) / 1e3) })}</p>
      <Button onClick={() => props.onJump(newestCallMs)}>{t("empty.jump")}</Button>
    </div>
  );
}

/** A plain notice in place of content. */
export function NoticeState(props: { readonly title: string; readonly text?: string; readonly children?: ReactNode }) {
  return (
    <div className={css["state"]}>
      <h2>{props.title}</h2>
      {props.text === undefined ? null : <p>{props.text}</p>}
      {props.children}
    </div>
  );
}

/** Holds the place of content that is still loading; appears after 200 ms. */
export function Skeleton(props: { readonly height: number; readonly width?: number | string }) {
  return (
    <div
      className={css["skeleton"]}
      style={{ height: props.height, width: props.width ?? "100%" }}
      aria-hidden="true"
    />
  );
}
