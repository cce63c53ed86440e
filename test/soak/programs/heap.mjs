// heap.mjs URL: what is alive in the daemon behind an inspector, after a garbage collection in both of its threads, in bytes:
// { main, worker }. What V8 has merely not collected yet says nothing of a leak.
import { WebSocket } from 'undici';

const socket = new WebSocket(process.argv[2]);
await new Promise((resolve, reject) => {
  socket.addEventListener('open', resolve);
  socket.addEventListener('error', reject);
});
const USED = { expression: '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())' };
const waiting = new Map();
let id = 0;
let session = '';
const { promise: attached, resolve: onAttached } = deferred();
socket.addEventListener('message', ({ data }) => {
  const { id: answered, result, method, params } = JSON.parse(data);
  if (method === 'NodeWorker.attachedToWorker') {
    session = params.sessionId;
    onAttached();
  } else if (method === 'NodeWorker.receivedMessageFromWorker') {
    const inner = JSON.parse(params.message);
    waiting.get(inner.id)?.(inner.result);
  } else if (!sent.has(answered)) waiting.get(answered)?.(result);
});
/** Those whose own answer only says that the worker has them. */
const sent = new Set();

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function ask(method, params = {}) {
  const { promise, resolve } = deferred();
  waiting.set(++id, resolve);
  socket.send(JSON.stringify({ id, method, params }));
  return promise;
}

function askWorker(method, params = {}) {
  const { promise, resolve } = deferred();
  const inner = ++id;
  waiting.set(inner, resolve);
  const outer = ++id;
  sent.add(outer);
  const message = JSON.stringify({ id: inner, method, params });
  const request = { id: outer, method: 'NodeWorker.sendMessageToWorker', params: { sessionId: session, message } };
  socket.send(JSON.stringify(request));
  return promise;
}

ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
await attached;
const live = async (to) => {
  await to('HeapProfiler.collectGarbage');
  return (await to('Runtime.evaluate', USED)).result.value;
};
console.log(JSON.stringify({ main: await live(ask), worker: await live(askWorker) }));
await ask('NodeWorker.disable');
process.exit(0);
