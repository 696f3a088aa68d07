export type { Server, ServerHealth } from "./server.ts";

// ---- for authors of server plugins ----

export { server } from "./component.ts";
