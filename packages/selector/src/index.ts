export type { Outcome, Selection, Selector, SelectRequest } from "./selector.ts";

// ---- for authors of selector plugins ----

export { selector } from "./component.ts";
