import { useT } from "../i18n/i18n-context.tsx";
import { CopyButton } from "./copy.tsx";
import css from "./snippet.module.css";

/** Code to copy. */
export function Snippet(props: { readonly text: string }) {
  const t = useT();
  return (
    <div className={css["snippet"]}>
      <pre tabIndex={0}>
        <code>{props.text}</code>
      </pre>
      <CopyButton text={() => props.text} label={t("setup.copy")} />
    </div>
  );
}
