import { defineComponent } from "@micro/core";
import type { CodecInstance } from "./codec.ts";
import { Codecs } from "./codecs.ts";

/** The codec component: every listed codec plugin is created, and the service offers them as {@link Codecs}. */
export const codec = defineComponent<Codecs, CodecInstance>()({
  name: "codec",
  description: "Message bytes by content type",
  config: {},
  multiple: true,
  assemble: (instances) => new Codecs(instances.map(({ instance }) => instance)),
});
