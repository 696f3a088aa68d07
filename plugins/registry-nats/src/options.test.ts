import { instantiate } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { natsRegistry } from "./index.ts";

test.each([
  [{ querySubjects: ["micro.*.query"] }, "wildcard"],
  [{ watchSubjects: ["a b"] }, "spaces"],
  [{ maxNodes: 0 }, "maxNodes"],
])("options are checked: %j", async (config, message) => {
  await expect(instantiate(natsRegistry, { config })).rejects.toThrow(message);
});
