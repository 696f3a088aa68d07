/** Characters in a line of generated code. */
export const WIDTH = 110;
