/** Orders to the process in which the SDK is measured. */
export type SdkOrder =
  | { readonly type: "play"; readonly playId: string; readonly scenario: string; readonly origin: string }
  | { readonly type: "stop" };

/** Its answers. */
export type SdkAnswer =
  | { readonly type: "ready" }
  | { readonly type: "played"; readonly playId: string; readonly leftUnixMs?: number };
