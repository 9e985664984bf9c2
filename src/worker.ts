import { parentPort } from "node:worker_threads";
import { serveExpressions } from "./compute/serve-expressions.ts";
import { InvariantError } from "./kernel/error.ts";

// The second entry point: compute/expression-worker.ts starts it, from source and from the bundle.
if (parentPort === null) throw new InvariantError("This file runs in a worker only");
await serveExpressions(parentPort);
