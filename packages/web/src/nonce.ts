/** The dialog library styles the page with a nonce from this global; the server writes one into every page. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
if (nonce !== undefined) Reflect.set(globalThis, "__webpack_nonce__", nonce);
