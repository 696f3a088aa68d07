import { expect, test } from "vitest";
import { referencePage } from "./config-reference.ts";

test("docs/guide/configuration.md says what the schemas say (`pnpm docs` writes it anew)", async () => {
  const { current, wanted } = await referencePage();
  expect(current).toBe(wanted);
});
