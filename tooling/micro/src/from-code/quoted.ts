/** A text as a `.proto` file writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
