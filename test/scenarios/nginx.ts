export interface NginxOptions {
  /** "127.0.0.1:9080" */
  readonly at: string;
  /** "10.9.0.2:8080" */
  readonly upstream: string;
  readonly workers: number;
  /** Idle connections that each worker keeps to the upstream; null: a connection per request, as nginx does by itself. */
  readonly keepalive: number | null;
}

/** nginx.conf of a reverse proxy. Its folder is nginx's prefix (`nginx -p`). */
export function nginxConf({ at, upstream, workers, keepalive }: NginxOptions): string {
  const kept = keepalive === null ? '' : `proxy_http_version 1.1; proxy_set_header Connection "";`;
  return `daemon off;
worker_processes ${workers};
pid nginx.pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 1000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
  upstream api { server ${upstream}; ${keepalive === null ? '' : `keepalive ${keepalive}; keepalive_requests 1000000;`} }
  server {
    listen ${at} backlog=4096${workers > 1 ? ' reuseport' : ''};
    location / { proxy_pass http://api; ${kept} }
  }
}
`;
}
