import { boundedMessage } from "../api/diagnostic.ts";
import type { LastErrorStatus } from "../api/status.ts";
import type { LastError } from "../health/endpoint-health.ts";
import { timeText } from "./status-time.ts";

/** The last failure as a status has it: a Store's, or an AuthProvider's, which is of the same shape. */
export function toLastError(error: LastError): LastErrorStatus {
  return {
    class: error.class,
    message: boundedMessage(error.message),
    firstTime: timeText(error.firstTime),
    time: timeText(error.time),
    count: error.count,
    ...(error.resolvedTime !== undefined && { resolvedTime: timeText(error.resolvedTime) }),
  };
}
