import { WebSocket } from 'undici';
import type { Subject } from './subject.ts';

interface Message {
  readonly method?: string;
  readonly params?: { readonly sessionId?: string };
}

/** Runs JavaScript in a subject with --inspect, in the thread that looks or the main one; does not wait for it to end. */
export async function runIn(thread: 'worker' | 'main', subject: Subject, expression: string): Promise<void> {
  const [, url] = await subject.until('an inspector', async () =>
    /Debugger listening on (ws:\S+)/.exec(subject.stderr),
  );
  const socket = new WebSocket(String(url));
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let id = 0;
  const send = (method: string, params: object) => socket.send(JSON.stringify({ id: ++id, method, params }));
  const evaluation = { id: 1, method: 'Runtime.evaluate', params: { expression } };
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  if (thread === 'main') {
    const answered = new Promise((resolve) => socket.addEventListener('message', resolve));
    send(evaluation.method, evaluation.params);
    await answered;
    socket.close();
    await closed;
    return;
  }
  const session = new Promise<string>((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message;
      if (method === 'NodeWorker.attachedToWorker' && params?.sessionId !== undefined) resolve(params.sessionId);
    });
  });
  send('NodeWorker.enable', { waitForDebuggerOnStart: false });
  send('NodeWorker.sendMessageToWorker', { sessionId: await session, message: JSON.stringify(evaluation) });
  send('NodeWorker.disable', {});
  socket.close();
  await closed;
}
