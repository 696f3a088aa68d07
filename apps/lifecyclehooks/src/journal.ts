import { defineComponent, definePlugin, type Lifecycle } from "@micro/core";

/** A component of the application's own, to show where its life lies between the hooks. */
export const journal = defineComponent<Lifecycle>()({
  name: "journal",
  description: "Says what happens to it",
  config: {},
});

/** Its one plugin: prints each step of its life. */
export const printedJournal = definePlugin(journal, {
  name: "printed",
  create: () => {
    console.log("journal: create");
    return {
      start: () => console.log("journal: start"),
      drain: () => console.log("journal: drain"),
      stop: () => console.log("journal: stop"),
    };
  },
});
