export { mqttBroker } from "./plugin.ts";
