import { fileURLToPath } from "node:url";
import { runProgram } from "@micro/programs";
import { expect, test } from "vitest";

test("the generated contracts are those of proto: run `pnpm generate` in this package after a change", async () => {
  const { status, stdout, stderr } = await runProgram(
    fileURLToPath(new URL("../../micro/src/bin.ts", import.meta.url)),
    {
      args: ["generate", "proto", "--out", "src/gen", "--int64", "number", "--check"],
      cwd: fileURLToPath(new URL("..", import.meta.url)),
    },
  );
  expect(status, [...stdout, ...stderr].join("\n")).toBe(0);
});
