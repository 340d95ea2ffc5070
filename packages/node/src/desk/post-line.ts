/** The line from a desk to the other: posts that may fail, a few at a time, in about their order. */

/** Posts under way; what comes meanwhile waits its turn, so that one slow answer does not hold up all. */
const MAX_UNDER_WAY = 8;
/** What waits beyond this is dropped, oldest first: the session sends it again. */
const MAX_WAITING = 512;

/** `send` may reject: nothing rests on one message. */
export function postLine(send: (bytes: Uint8Array) => Promise<unknown>): (bytes: Uint8Array) => void {
  const waiting: Uint8Array[] = [];
  let underWay = 0;
  const next = (): void => {
    while (underWay < MAX_UNDER_WAY && waiting.length > 0) {
      underWay++;
      send(waiting.shift()!)
        .catch(() => undefined)
        .finally(() => {
          underWay--;
          next();
        });
    }
  };
  return (bytes) => {
    waiting.push(bytes);
    if (waiting.length > MAX_WAITING) waiting.shift();
    next();
  };
}
