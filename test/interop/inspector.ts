/** How much the JavaScript of another process holds, by the inspector protocol: to a kibibyte, where the process's pages only tell of megabytes. */
import { once } from 'node:events';

interface Answer {
  readonly id: number;
  readonly result: { readonly result?: { readonly value?: unknown } };
}

const ALIVE = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';

export class Inspector {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** @param port of a process that was started with `--inspect=127.0.0.1:port` */
  static async open(port: number): Promise<Inspector> {
    const listed = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = (await listed.json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Octets that are alive: collects the garbage first. Buffers outside of V8's heap count. */
  async alive(): Promise<number> {
    await this.#call('HeapProfiler.collectGarbage');
    const { result } = await this.#call('Runtime.evaluate', { expression: ALIVE, returnByValue: true });
    return Number(result?.value);
  }

  close(): void {
    this.#socket.close();
  }

  async #call(method: string, params: object = {}): Promise<Answer['result']> {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [event] = (await once(this.#socket, 'message')) as [MessageEvent];
      const answer = JSON.parse(String(event.data)) as Answer;
      if (answer.id === id) return answer.result;
    }
  }
}
