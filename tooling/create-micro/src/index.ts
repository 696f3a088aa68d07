export { main } from "@micro/create";
