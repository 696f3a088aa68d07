import { defaults } from "@micro/set-defaults";

/** What the service runs on. `micro config` and `npm run schema` read this file too. */
export const plugins = [...defaults] as const;
