/** What scaffolds are built with: the versions this repository is built with. */
export const TOOLS = { typescript: "7.0.2", "@types/node": "24.19.2" } as const;

/** The Nodes that Micro runs on. */
export const ENGINES = "^22.18 || >=24";
