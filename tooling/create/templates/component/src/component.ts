import { defineComponent, option } from "@micro/core";
import type { Sample } from "./sample.ts";

/** The sample component. Sections, flags, variables, dumps and types follow from this definition. */
export const sample = defineComponent<Sample>()({
  name: "sample",
  description: "Keeps values by key",
  config: {
    maxValueSize: option.size({ description: "Largest value", default: "1MiB" }),
  },
});
