import { definePlugin, MicroError } from "@micro/core";
import { sample } from "./component.ts";
import type { Sample } from "./sample.ts";

/** The `memory` plugin: inside one process, for tests and as the model of other plugins. */
export const memorySample = definePlugin(sample, {
  name: "memory",
  create: ({ config }): Sample => {
    const values = new Map<string, Uint8Array>();
    return {
      name: "memory",
      put: async (key, value) => {
        if (value.byteLength > config.maxValueSize) {
          throw new MicroError({
            id: "sample",
            code: "RESOURCE_EXHAUSTED",
            detail: `the value of '${key}' has ${value.byteLength} bytes: max_value_size is ${config.maxValueSize}`,
          });
        }
        values.set(key, Uint8Array.from(value));
      },
      get: async (key) => values.get(key)?.slice(),
    };
  },
});
