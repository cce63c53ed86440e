import { AlertLog } from './alert-log.ts';
import { AlertSink } from './alert-sink.ts';
import { alertmanager } from './alertmanager.ts';
import { DeliveryLog } from './delivery-log.ts';
import { HttpServer } from './http-server.ts';
import { realFolder } from './incidents/folder.ts';
import { FolderWriter } from './incidents/folder-writer.ts';
import { AssessmentLog, createLogger } from './log.ts';
import { LogOutput } from './log-output.ts';
import { PrometheusExporter } from './prometheus.ts';
import { SdNotify } from './sd-notify.ts';
import { webhook } from './webhook.ts';

/** Every exporter of the daemon. */
export const EXPORTERS = {
  prometheus: PrometheusExporter,
  http: HttpServer,
  log: AssessmentLog,
  logOutput: LogOutput,
  alertLog: AlertLog,
  deliveryLog: DeliveryLog,
  alertSink: AlertSink,
  alertmanager,
  webhook,
  folder: realFolder,
  folderWriter: FolderWriter,
  sdNotify: SdNotify,
};

export { createLogger };
