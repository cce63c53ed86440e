/** Why a destination's ports go. */
export const CAUSES = [
  'connection_per_request',
  'idle_pool_too_small',
  'no_connection_limit',
  'unread_body',
  'leaked_body',
  'aborted_requests',
  'client_per_request',
  'idle_timeout_churn',
  'server_closes',
  'keepalive_hint_too_short',
  'keepalive_disabled',
  'connection_leak',
  'close_wait_leak',
  'slow_or_dead_destination',
  'bind_before_connect',
  'listener_in_range',
  'range_too_small',
  'reserved_too_much',
  'tw_reuse_would_help',
  'phantom_reconnects',
  'too_hot_for_one_address',
  'unknown',
] as const;
export type Cause = (typeof CAUSES)[number];

/** certain: counted by a probe or by the kernel; likely: what is seen fits nothing else as well; possible: it fits. */
export const CONFIDENCES = ['possible', 'likely', 'certain'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** One cause that holds of a destination, as one pure function found it. */
export interface Finding {
  readonly cause: Cause;
  readonly confidence: Confidence;
  /** Sentences with the numbers it rests on, the strongest first. */
  readonly evidence: readonly string[];
  /** Ports that would come back if it were mended: what causes are ranked by. */
  readonly portsBack: number;
  /** The place in the program's own code, "/srv/app/api.js:41"; null: not sampled. */
  readonly callSite: string | null;
}

/** What a report says of it. */
export interface CauseReport extends Finding {
  /** One line each, the first the best for this program. `lastport explain` prints them with their code. */
  readonly remedies: readonly string[];
}
