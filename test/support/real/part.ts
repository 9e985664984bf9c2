import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What a program under test could not do, with the end of its log. */
export class RealPartError extends Error {
  override readonly name = "RealPartError";
}

/** A folder of its own below the system's temporary one. */
export function createScratch(name: string): string {
  return mkdtempSync(join(tmpdir(), `countersign-${name}-`));
}

/** How to start a program. */
export interface PartOptions {
  readonly name: string;
  readonly command: string;
  /** Folder for the log; removed with everything in it should the test process die. */
  readonly scratch: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers true once the program serves; asked again and again, and allowed to throw while it does not. */
  readonly isReady: () => Promise<boolean>;
  /** Default 60 s: ten times what the slowest part needs on two busy cores. */
  readonly readyTimeoutMs?: number;
}

/**
 * A program that runs as a child of the test. It never outlives the test process: beside it stands a shell that reads from a
 * pipe of ours and, when that closes, for whatever reason, kills the program and removes the scratch folder.
 */
export class Part {
  readonly #options: PartOptions;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
    this.#logFile = join(options.scratch, `${options.name}.log`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the program and waits until it is ready. @throws {RealPartError} when it ends or stays silent, with the end of its log */
  async start(args: readonly string[]): Promise<void> {
    if (this.isRunning) throw new RealPartError(`${this.#options.name} is already running`);
    const log = openSync(this.#logFile, "a");
    const child = spawn(this.#options.command, args, {
      cwd: this.#options.scratch,
      env: { ...childEnvironment(), ...this.#options.env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#child = child;
    let failure: Error | undefined;
    child.once("error", (error) => (failure = error));
    child.unref(); // a test that forgets to stop it ends all the same
    if (child.pid !== undefined) this.#guard = startGuard(child.pid, this.#options.scratch);
    const deadline = Date.now() + (this.#options.readyTimeoutMs ?? 60_000);
    while (!(await this.#options.isReady().catch(() => false))) {
      if (failure !== undefined || !this.isRunning) throw await this.#failure(failure?.message ?? "ended before it was ready");
      if (Date.now() > deadline) {
        await this.stop("SIGKILL");
        throw await this.#failure("did not become ready in time");
      }
      await sleep(25);
    }
    // Somebody else's server on the same port would answer as well.
    if (!this.isRunning) throw await this.#failure("ended before it was ready");
  }

  /** Ends the program: by `signal`, and by SIGKILL if it is still there after 20 s. A paused program is woken first. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#guard?.kill("SIGKILL");
    this.#guard = undefined;
    if (child === undefined || !this.isRunning) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT");
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(timer);
  }

  /** Freezes the program: its sockets accept connections and never answer. Waits until every thread stands still: the signal alone takes effect at some later time. */
  async pause(): Promise<void> {
    const pid = this.pid;
    if (pid === undefined || !this.isRunning) throw new RealPartError(`${this.#options.name} is not running`);
    this.#child?.kill("SIGSTOP");
    const deadline = Date.now() + 10_000;
    while (!(await isStopped(pid))) {
      if (Date.now() > deadline) throw await this.#failure("could not be paused");
      await sleep(5);
    }
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Everything the program wrote, over all its starts. */
  async log(): Promise<string> {
    return readFile(this.#logFile, "utf8");
  }

  async #failure(what: string): Promise<RealPartError> {
    const tail = (await this.log().catch(() => "")).trim().split("\n").slice(-20).join("\n");
    return new RealPartError(`${this.#options.name} ${what}\n${tail}`);
  }
}

/** Whether all threads of a process are in state T; where there is no /proc, ps knows it of the process as a whole. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => undefined);
  if (threads === undefined) return (await runCommand("ps", ["-o", "state=", "-p", String(pid)])).stdout.trim().startsWith("T");
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "")));
  // The name in parentheses may hold anything; the state follows the last of them. A thread that just ended has no file.
  return states.every((stat) => stat === "" || stat.slice(stat.lastIndexOf(")")).startsWith(") T"));
}

/** Detached, so that a Ctrl-C at the terminal reaches the parts but not the one that tidies up after them. */
function startGuard(pid: number, scratch: string): ChildProcess {
  // The second's pause lets a sibling's guard kill a part that would still write into the same scratch folder.
  const script = 'read -r _; kill -9 "$1" 2>/dev/null; sleep 1; rm -rf "$2"';
  const guard = spawn("/bin/sh", ["-c", script, "guard", String(pid), scratch], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref(); // a pipe to a child is a socket; the types say only Writable
  guard.stdin?.on("error", () => {});
  return guard;
}

/** Our environment without what would lead a child elsewhere: proxies, kubeconfigs, the user's registry credentials. */
export function childEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (
      value !== undefined &&
      !/^(https?_proxy|all_proxy|kubeconfig|docker_config|cosign_.*|sigstore_.*|ssl_cert_.*|node_options|node_test_context)$/i.test(key)
    )
      kept[key] = value;
  }
  return kept;
}

/** How a program that runs to its end went. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; killed after `timeoutMs` (default 60 s), which shows as code `null`. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly stdin?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...childEnvironment(), ...options.env },
      cwd: options.cwd,
      stdio: "pipe",
      timeout: options.timeoutMs ?? 60_000,
      killSignal: "SIGKILL",
    });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (chunk: string) => (text[stream] += chunk));
    child.once("error", reject).once("close", (code) => resolve({ code, ...text }));
    child.stdin.on("error", () => {}).end(options.stdin ?? ""); // a program that does not read its input closes it
  });
}

/** Removes a scratch folder, trying again while a program that was just ended lets go of it. */
export function removeScratch(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * A port that nobody listens on. Below the range that outgoing connections take theirs from (32768 and up on Linux, 49152 on
 * macOS), so that it is still free when a stopped server comes back, and that nobody can connect to it by being it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
  throw new RealPartError("Found no free port between 20000 and 32000 in 100 tries");
}
