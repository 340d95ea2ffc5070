import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerLane } from '../lanes.ts';
import { code, Network } from '../test/sites.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

test('a word is heard once and its answer comes back; whom the sender speaks for is known', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const heard: unknown[] = [];
  moscow.kme.words.hear('greeting', async ({ kmeId, saysFor }, body) => {
    heard.push([kmeId, saysFor('desk-beijing'), saysFor('desk-moscow'), saysFor('nobody'), text(body)]);
    return bytes('good day');
  });
  assert.equal(text(await beijing.kme.words.tell('kme-moscow', 'greeting', bytes('hello'))), 'good day');
  assert.deepEqual(heard, [['kme-beijing', true, false, false, 'hello']]);
});

test('what nobody hears of, a handler that throws, an answer that is too long, a KME that is not there: the reason', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const tell = (topic: string, to = 'kme-moscow'): Promise<Uint8Array> => beijing.kme.words.tell(to, topic, bytes(''));
  moscow.kme.words.hear('throws', () => Promise.reject(new Error('no stream of that name')));
  moscow.kme.words.hear('long', async () => new Uint8Array(32 * 1024 + 1));
  await assert.rejects(tell('nothing'), /nobody here hears of "nothing"/);
  await assert.rejects(tell('throws'), /no stream of that name/);
  await assert.rejects(tell('long'), /the answer has 32769 bytes/);
  await assert.rejects(tell('throws', 'kme-delhi'), /no line to kme-delhi/);
  for (const topic of ['nothing', 'throws', 'long']) await assert.rejects(tell(topic), code('kme/unreachable'));
  network.cut(false);
  await assert.rejects(tell('throws'), code('kme/unreachable'));
  network.mend();
  moscow.kme.words.hear('throws', async () => bytes('now it works'));
  assert.equal(text(await tell('throws')), 'now it works', 'the line is as it was');
});

test('an answer that was lost is kept: the same words are not heard again, also after a crash of the hearer', async (t) => {
  for (const crash of [false, true]) {
    const network = await Network.open(t);
    const { beijing, moscow } = network;
    let heard = 0;
    const hear = (): void => moscow.kme.words.hear('count', async () => bytes(`${++heard}`));
    hear();
    network.cut(true);
    await assert.rejects(beijing.kme.words.tell('kme-moscow', 'count', bytes('')), code('kme/unreachable'));
    if (crash) {
      await moscow.crash();
      hear();
    }
    network.mend();
    // The frame of before is repeated first, and gets the answer of before.
    assert.equal(text(await beijing.kme.words.tell('kme-moscow', 'count', bytes(''))), '2');
    assert.equal(heard, 2);
    const [first, second] = network.wire;
    assert.deepEqual(first!.message, second!.message);
    assert.deepEqual(first!.answer, second!.answer);
  }
});

test('words that come again while they are being heard wait for the same answer', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  let heard = 0;
  let letGo = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  moscow.kme.words.hear('slow', async () => {
    heard++;
    await slow;
    return bytes('done');
  });
  let second: Promise<Uint8Array> | undefined;
  network.between = async (message, on) => {
    const first = on(message);
    // The line believes that nothing will come any more, and asks again.
    second = moscow.kme.handlePeer(message.slice());
    setImmediate(letGo);
    return first;
  };
  assert.equal(text(await beijing.kme.words.tell('kme-moscow', 'slow', bytes(''))), 'done');
  assert.equal(heard, 1);
  assert.deepEqual(await second, network.wire[0]!.answer);
});

test('a process that dies while it hears, hears the same words again, and its peer gets an answer', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: string[] = [];
  moscow.kme.words.hear('mortal', async (_, body) => {
    heard.push(text(body));
    await moscow.crash();
    moscow.kme.words.hear('mortal', async (__, again) => {
      heard.push(text(again));
      return bytes('alive');
    });
    return bytes('never said');
  });
  await assert.rejects(beijing.kme.words.tell('kme-moscow', 'mortal', bytes('one')), code('kme/unreachable'));
  assert.equal(text(await beijing.kme.words.tell('kme-moscow', 'mortal', bytes('two'))), 'alive');
  assert.deepEqual(heard, ['one', 'one', 'two']);
});

test('a handler may use the vault, ask for keys and speak to the peer that speaks to it', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  beijing.kme.words.hear('echo', async (_, body) => bytes(`${text(body)}!`));
  moscow.kme.words.hear('work', async (_, body) => {
    await moscow.tx.remember('word', text(body));
    const [key] = await moscow.kme.keys.getKeys({
      master: 'desk-moscow',
      slaves: ['desk-beijing'],
      count: 1,
      bytes: 32,
    });
    const echoed = await moscow.kme.words.tell('kme-beijing', 'echo', body);
    return bytes(`${text(echoed)} ${key!.keyId}`);
  });
  const answer = text(await beijing.kme.words.tell('kme-moscow', 'work', bytes('hello')));
  const [echoed, keyId] = answer.split(' ');
  assert.equal(echoed, 'hello!');
  assert.equal((await beijing.fetch([keyId!])).status, 200);
  assert.equal(await moscow.tx.recall('word'), 'hello');
});

test('words leave the last pads to alarms', async (t) => {
  const network = await Network.open(t, { padBytes: 16 + 16 * 6 });
  const { beijing, moscow } = network;
  moscow.kme.words.hear('x', async () => bytes(''));
  await beijing.kme.words.tell('kme-moscow', 'x', bytes(''));
  await assert.rejects(beijing.kme.words.tell('kme-moscow', 'x', bytes('')), code('kme/no-pads'));
  assert.equal(await beijing.tx.pads(peerLane('beijing', 'moscow')).left(), 5);
});
