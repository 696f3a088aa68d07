import { matrixTests } from "./matrix.ts";

matrixTests("26");
