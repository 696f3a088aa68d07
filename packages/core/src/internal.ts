/** API for sibling packages of this repository only: it changes without notice. */
export { type ConfigFile, type ConfigFileRequest, fileSettings, readConfigFile } from "./config/file.ts";
export { pluginPackage } from "./config/plugin-package.ts";
export { collectSections, configFields, optionsOf, type Section } from "./config/sections.ts";
export { serviceNameProblem } from "./definition.ts";
export { nearest } from "./nearest.ts";
export { planComposition } from "./plan-composition.ts";
