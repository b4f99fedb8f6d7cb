import { useId, type ComponentProps, type FormEvent, type ReactNode } from "react";
import { useT } from "../../i18n/i18n-context.tsx";
import { BrandMark } from "../frame/brand-mark.tsx";
import { LanguageSwitch, ThemeSwitch } from "../frame/footer.tsx";
import css from "./alone.module.css";

interface AlonePageProps {
  readonly title: string;
  readonly version: string | undefined;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}

/** A page outside of the frame: one form in the middle, language and theme below it. */
export function AlonePage(props: AlonePageProps) {
  const t = useT();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit();
  };
  return (
    <main className={css["screen"]}>
      <div className={css["card"]}>
        <div className={css["brand"]}>
          <BrandMark size={36} />
          <div>
            <strong>{t("app.name")}</strong>
            <span>{t("login.tagline")}</span>
          </div>
        </div>
        <form className={css["form"]} onSubmit={submit}>
          <h1>{props.title}</h1>
          {props.children}
        </form>
        <div className={css["foot"]}>
          <span>{props.version ?? ""}</span>
          <span className={css["switches"]}>
            <LanguageSwitch />
            <ThemeSwitch />
          </span>
        </div>
      </div>
    </main>
  );
}

interface FieldProps extends ComponentProps<"input"> {
  readonly label: string;
}

/** A labelled input. */
export function Field({ label, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={css["field"]}>
      <label htmlFor={id}>{label}</label>
      <input {...rest} id={id} spellCheck={false} autoCapitalize="none" />
    </div>
  );
}

/** Text below the fields: a note, a hint that stands out, or an error that is announced. */
export function FormText(props: { readonly look: "note" | "hint" | "error"; readonly children: ReactNode }) {
  return (
    <p className={css[props.look]} role={props.look === "error" ? "alert" : undefined}>
      {props.children}
    </p>
  );
}

/** The form's buttons in a row; the first takes the room. */
export function FormActions(props: { readonly children: ReactNode }) {
  return <div className={css["actions"]}>{props.children}</div>;
}
