/** Start-up and memory of the bundle beside a bare Node.js, in one run. */
import { spawn } from "node:child_process";
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startControlPlane } from "../support/real/control-plane.ts";
import { send } from "../support/real/http.ts";
import { freePort } from "../support/real/part.ts";
import { findTools } from "../tools/build.ts";
import type { Row } from "./keychain.ts";
import { flags } from "./serving.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = 7;

export async function run(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  try {
    await end([`${root}scripts/bundle.ts`, directory]);
    const main = join(directory, "main.mjs");
    const bare = await median(() => end(["-e", "0"]));
    const version = await median(() => end([main, "version"]));
    const check = await median(() => end([main, "check", "--manifests", `${root}demo/manifests`]));
    const idle = await idleMemory([...(await flags()), main, "serve", "--manifests", `${root}demo/manifests`, "--health-port=0"]);
    const bareIdle = await idleMemory(["-e", "setInterval(() => {}, 1000)"]);
    const cluster = await inCluster(main);
    return [
      ...cluster,
      { name: "bare Node.js, start to end", value: bare, unit: "ms" },
      { name: "bundle, `version`", value: version, unit: "ms" },
      { name: "bundle, `check` of the demo's manifests", value: check, unit: "ms", budget: 300 },
      { name: "bare Node.js, resident when idle", value: bareIdle, unit: "MiB" },
      { name: "bundle, resident when idle (`serve` on files, demo registry down)", value: idle, unit: "MiB", budget: 120 },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Against a real API server, as a replica runs; nothing where the real parts are not built. */
async function inCluster(main: string): Promise<readonly Row[]> {
  const tools = await findTools();
  if (tools === undefined) return [];
  await using plane = await startControlPlane({ tools });
  await plane.kubectlOk(["apply", "--server-side", "-k", `${root}config/default`]);
  await plane.kubectlOk(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  const kubeconfig = await plane.kubeconfigForServiceAccount("countersign-system", "countersign-operator");
  const times: number[] = [];
  let memory = 0;
  for (let at = 0; at < 3; at += 1) {
    const port = await freePort();
    const start = performance.now();
    const child = spawn(process.execPath, [...(await flags()), main, "serve", `--kubeconfig=${kubeconfig}`, `--health-port=${port}`], {
      stdio: "ignore",
    });
    try {
      const isReady = async (): Promise<boolean> => (await send(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.status === 200;
      while (!(await isReady()) && performance.now() - start < 20_000) await sleep(10);
      times.push(performance.now() - start);
      await sleep(5000);
      memory = Math.max(memory, await residentMiB(child.pid));
    } finally {
      child.kill("SIGKILL");
    }
  }
  const ready = times.toSorted((a, b) => a - b)[1] ?? 0;
  return [
    { name: "replica (bundle, real API server), start to /readyz", value: ready, unit: "ms", budget: 1000 },
    { name: "replica, resident when idle", value: memory, unit: "MiB", budget: 120 },
  ];
}

async function residentMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Milliseconds from start to end of a child. */
function end(args: readonly string[]): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { cwd: root, stdio: "ignore" });
    child.on("close", () => resolve(performance.now() - start));
    child.on("error", reject);
  });
}

async function median(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let at = 0; at < runs; at += 1) values.push(await measure());
  return values.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

/** VmRSS five seconds after the start, in MiB (Linux). */
async function idleMemory(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...args], { cwd: root, stdio: "ignore" });
  try {
    await sleep(5000);
    return await residentMiB(child.pid);
  } finally {
    child.kill("SIGKILL");
  }
}
