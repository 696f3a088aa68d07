/** API for sibling packages of this repository only: it changes without notice. */
export { collectSections, configFields, optionsOf, type Section } from "./config/sections.ts";
