/** Server-sent events out of the body of an answer. */
export async function readEvents(
  body: AsyncIterable<Uint8Array>,
  onEvent: (event: string, data: unknown) => void,
): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      // Not `.`: JSON may hold line separators (U+2028), which end a line for a pattern but not for the format.
      const event = /^event: ([^\n]*)$/m.exec(block)?.[1];
      const data = /^data: ([^\n]*)$/m.exec(block)?.[1];
      if (event && data) onEvent(event, JSON.parse(data));
    }
  }
}
