import { matrixTests } from "./matrix.ts";

matrixTests("22");
