/**
 * A connection to charon's vici socket: one command at a time, and the events that a listing streams (strongSwan 5.9.8,
 * src/libcharon/plugins/vici/README.md, "Transport" and "Packet layer").
 */
import { connect, type Socket } from 'node:net';
import { CliError } from '../error.ts';
import { decodeMessage, encodeMessage, type ViciAnswer, type ViciSection } from './vici-message.ts';

const CMD_REQUEST = 0;
const CMD_RESPONSE = 1;
const CMD_UNKNOWN = 2;
const EVENT_REGISTER = 3;
const EVENT_UNREGISTER = 4;
const EVENT_CONFIRM = 5;
const EVENT_UNKNOWN = 6;
const EVENT = 7;

/** Limit of the protocol, bytes. */
const MAX_PACKET = 512 * 1024;

interface Packet {
  readonly kind: number;
  readonly name: string;
  readonly message: Uint8Array;
}

export class Vici {
  readonly #socket: Socket;
  readonly #limitMs: number;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (packet: Packet) => void; reject: (error: Error) => void } | null = null;
  #events: ViciAnswer[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #ended: CliError | null = null;

  private constructor(socket: Socket, limitMs: number) {
    this.#socket = socket;
    this.#limitMs = limitMs;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error) => this.#end(`charon's line failed: ${error.message}`));
    socket.on('close', () => this.#end('charon closed its line: is it still running?'));
  }

  /** `limitMs`: how long one command may take. @throws CliError `agent/vici` when nobody listens there */
  static connect(path: string, limitMs = 20_000): Promise<Vici> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path });
      const refuse = (error: Error): void =>
        reject(
          new CliError(
            'agent/vici',
            `charon does not listen at ${path} (${error.message}): start it, load its plugin vici, and see that this user may open the socket`,
            { cause: error },
          ),
        );
      socket.once('error', refuse);
      socket.once('connect', () => {
        socket.off('error', refuse);
        resolve(new Vici(socket, limitMs));
      });
    });
  }

  /**
   * Runs a command; the message, which may hold a secret, is overwritten once it is sent.
   * @throws CliError `agent/vici` when charon does not know it, answers `success = no`, or not in time
   */
  request(command: string, message: ViciSection = {}): Promise<ViciAnswer> {
    return this.#inTurn(() => this.#request(command, message));
  }

  /** Runs a command that streams its results as events of one name. */
  list(command: string, event: string, message: ViciSection = {}): Promise<ViciAnswer[]> {
    return this.#inTurn(async () => {
      const confirmed = await this.#exchange(EVENT_REGISTER, event, new Uint8Array());
      if (confirmed.kind !== EVENT_CONFIRM) throw new CliError('agent/vici', `charon has no event ${event}`);
      this.#events = [];
      await this.#request(command, message);
      const events = this.#events;
      await this.#exchange(EVENT_UNREGISTER, event, new Uint8Array());
      return events;
    });
  }

  /** False once the line is over; nothing can be asked then. */
  get open(): boolean {
    return this.#ended === null;
  }

  close(): void {
    this.#end('the line to charon was closed here');
    this.#socket.destroy();
  }

  /** Answers carry no number, so that one command has to end before the next begins. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #request(command: string, message: ViciSection): Promise<ViciAnswer> {
    const { kind, message: answered } = await this.#exchange(CMD_REQUEST, command, encodeMessage(message));
    if (kind === CMD_UNKNOWN) throw new CliError('agent/vici', `charon has no command ${command}`);
    if (kind !== CMD_RESPONSE) throw new CliError('agent/vici', `charon answered ${command} with packet ${kind}`);
    const answer = decodeMessage(answered);
    if (answer.success !== undefined && answer.success !== 'yes') {
      const reason = typeof answer.errmsg === 'string' ? answer.errmsg : 'without a reason';
      throw new CliError('agent/vici', `charon refused ${command}: ${reason}`);
    }
    return answer;
  }

  #exchange(kind: number, name: string, message: Uint8Array): Promise<Packet> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const title = Buffer.from(name);
      const packet = Buffer.alloc(6 + title.length + message.length);
      packet.writeUInt32BE(packet.length - 4);
      packet[4] = kind;
      packet[5] = title.length;
      packet.set(title, 6);
      packet.set(message, 6 + title.length);
      message.fill(0);
      const late = setTimeout(
        // An answer that comes after all would be taken for that of the next command.
        () => this.#end(`charon did not answer ${name} within ${this.#limitMs / 1000} s`, true),
        this.#limitMs,
      );
      this.#waiting = {
        resolve: (answer) => {
          clearTimeout(late);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      };
      this.#socket.write(packet, () => packet.fill(0));
    });
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE();
      if (length === 0 || length > MAX_PACKET) {
        this.#end(`charon sent a packet of ${length} bytes`, true);
        return;
      }
      if (this.#received.length < 4 + length) return;
      const packet = this.#received.subarray(4, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      try {
        this.#take(packet);
      } catch (error) {
        this.#end((error as Error).message, true);
        return;
      }
    }
  }

  #take(packet: Buffer): void {
    const kind = packet[0]!;
    if (kind === EVENT) {
      const named = packet[1] ?? 0;
      this.#events.push(decodeMessage(packet.subarray(2 + named)));
      return;
    }
    if (![CMD_RESPONSE, CMD_UNKNOWN, EVENT_CONFIRM, EVENT_UNKNOWN].includes(kind) || !this.#waiting) {
      throw new CliError('agent/vici', `charon sent packet ${kind} that nobody asked for`);
    }
    const { resolve } = this.#waiting;
    this.#waiting = null;
    resolve({ kind, name: '', message: new Uint8Array(packet.subarray(1)) });
  }

  #end(why: string, destroy = false): void {
    this.#ended ??= new CliError('agent/vici', why);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#ended);
    if (destroy) this.#socket.destroy();
  }
}
