import { useServerMessage, type ServerMessage } from "../../components/server-message.tsx";
import { useI18n } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

/** What stands out, in sentences made from the server's message ids. */
export function Verdict(props: { readonly messages: readonly ServerMessage[] }) {
  const { t, tag } = useI18n();
  const text = useServerMessage("verdict");
  const sentences = props.messages.length === 0 ? [t("verdict.calm")] : props.messages.map(text);
  return <p className={css["verdict"]}>{sentences.join(tag.startsWith("zh") ? "" : " ")}</p>;
}
