import { AlertSink } from './alert-sink.ts';
import { alertmanager } from './alertmanager.ts';
import { HttpServer } from './http-server.ts';
import { realFolder } from './incidents/folder.ts';
import { FolderWriter } from './incidents/folder-writer.ts';
import { AlertLog, AssessmentLog, createLogger } from './log.ts';
import { PrometheusExporter } from './prometheus.ts';
import { webhook } from './webhook.ts';

/** Every exporter of the daemon. */
export const EXPORTERS = {
  prometheus: PrometheusExporter,
  http: HttpServer,
  log: AssessmentLog,
  alertLog: AlertLog,
  alertSink: AlertSink,
  alertmanager,
  webhook,
  folder: realFolder,
  folderWriter: FolderWriter,
};

export { createLogger };
