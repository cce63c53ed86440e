import { HttpServer } from './http-server.ts';
import { AssessmentLog, createLogger } from './log.ts';
import { PrometheusExporter } from './prometheus.ts';

/** Every exporter of the daemon. */
export const EXPORTERS = {
  prometheus: PrometheusExporter,
  http: HttpServer,
  log: AssessmentLog,
};

export { createLogger };
