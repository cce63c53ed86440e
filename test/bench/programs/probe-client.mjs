// Makes as many requests as it is told, so many at a time, and says what CPU that took it: [µs user + system] a batch.
// argv: undici | fetch, url. With OTEL=1 OpenTelemetry's plugin is loaded first, with spans that are recorded and dropped.
if (process.env['OTEL'] === '1') {
  const { NodeTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-node');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { UndiciInstrumentation } = await import('@opentelemetry/instrumentation-undici');
  const drop = { export: (_, done) => done({ code: 0 }), shutdown: async () => undefined };
  new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(drop)] }).register();
  registerInstrumentations({ instrumentations: [new UndiciInstrumentation()] });
}
const [, , kind, url] = process.argv;
const undici = kind === 'undici' ? await import('undici') : null;
const dispatcher = undici === null ? null : new undici.Agent({ connections: 10, keepAliveTimeout: 60_000 });
const one =
  undici === null
    ? async () => (await fetch(url)).arrayBuffer()
    : async () => (await undici.request(url, { dispatcher })).body.arrayBuffer();

process.on('message', async ({ requests, atOnce }) => {
  const before = process.cpuUsage();
  let left = requests;
  const worker = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const { user, system } = process.cpuUsage(before);
  process.send({ cpu: user + system, rss: process.memoryUsage.rss() });
});
process.send({ ready: true });
