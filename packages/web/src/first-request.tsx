import { useSetupCheck } from "./api/setup-queries.ts";
import { Snippet } from "./components/snippet.tsx";
import { snippet } from "./components/snippets.ts";

/** The request to send first, with this installation's own address. */
export default function FirstRequest() {
  const check = useSetupCheck();
  return check.data === undefined ? null : <Snippet text={snippet("curl", check.data)} />;
}
