import { relative } from "node:path";
import type { Kind } from "./kinds.ts";
import type { Scaffolded } from "./scaffold.ts";

const STEPS: Readonly<Record<Kind, readonly string[]>> = {
  service: ["npm test", "npm run dev"],
  plugin: ["npm test", "npm run build"],
  component: ["npm test", "npm run build"],
};

/** What was made and what to type next, for people. */
export function nextSteps(kind: Kind, { folder, packageName, files }: Scaffolded, cwd: string): string {
  const path = relative(cwd, folder) || ".";
  return [
    `${packageName} in ${path}:`,
    ...files.map((file) => `  ${file}`),
    "",
    "Next:",
    ...(path === "." ? [] : [`  cd ${path}`]),
    "  npm install",
    ...STEPS[kind].map((step) => `  ${step}`),
  ].join("\n");
}
