export { Codecs } from "./codecs.ts";

// ---- for authors of codec plugins ----

export type { Codec } from "./codec.ts";
export { codec } from "./component.ts";
