import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { buildArguments, buildEnvironment, catalog, inputsOf, moduleFolder, type Tool } from "./catalog.ts";
import { acquireLock } from "./lock.ts";

type ToolName = (typeof catalog)[number]["name"];

/** Absolute path of every program, by its name. */
export type Tools = { readonly [Name in ToolName]: string };

/** Exit code of this file when there is neither a usable Go nor a cached set of programs. */
export const exitWithoutGo = 3;

/** The oldest Go that the pinned modules build with (Kubernetes 1.36 says so in its go.mod). */
const oldestGo = [1, 26] as const;

/** kube-apiserver takes 200 s on two idle cores; an hour means that something hangs. */
const buildTimeoutMs = 3_600_000;

/** Where built programs are kept, outside every checkout: `$COUNTERSIGN_TOOLS_CACHE`, else below the user's cache folder. */
export function toolsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const explicit = env["COUNTERSIGN_TOOLS_CACHE"];
  if (explicit !== undefined && explicit !== "") return explicit;
  const xdg = env["XDG_CACHE_HOME"];
  return join(xdg !== undefined && xdg !== "" ? xdg : join(homedir(), ".cache"), "countersign", "tools");
}

/** Finds the programs that are already built; builds nothing. `undefined` when one is missing. */
export async function findTools(): Promise<Tools | undefined> {
  const go = await findGo();
  const found: [string, string][] = [];
  for (const tool of catalog) {
    const path = await findBuilt(tool, go);
    if (path === undefined) return undefined;
    found.push([tool.name, path]);
  }
  return Object.fromEntries(found) as Tools; // the loop went through the whole catalog
}

/**
 * Builds what is missing, one program after another, and says on `log` one line for each.
 * @returns `undefined` when Go is missing or too old and something is not cached
 * @throws when a build fails, with the end of what Go said
 */
export async function buildTools(log: (line: string) => void): Promise<Tools | undefined> {
  const ready = await findTools();
  const go = await findGo();
  if (ready !== undefined) {
    for (const tool of catalog) log(line(tool, "cached"));
    return ready;
  }
  if (go === undefined) return undefined;
  const root = toolsDirectory();
  await mkdir(root, { recursive: true });
  await using _lock = await acquireLock(join(root, ".lock"), (owner) => log(`waiting for the build of process ${owner}`));
  for (const name of await readdir(root)) if (name.startsWith(".work-")) await rm(join(root, name), { recursive: true, force: true }); // of a run that was interrupted
  for (const tool of catalog) {
    if ((await findBuilt(tool, go)) !== undefined) log(line(tool, "cached"));
    else log(line(tool, `${(await build(tool, go)).toFixed(1)} s`));
  }
  return findTools();
}

const line = (tool: Tool, what: string): string => `${`${tool.name} ${tool.version}`.padEnd(24)}${what.padStart(8)}`;

/** "go1.26.8 linux/amd64", or `undefined` when there is no Go that is new enough. Asked outside the checkout, so that no go.mod picks another toolchain. */
async function findGo(): Promise<string | undefined> {
  const answer = await run("go", ["env", "GOVERSION", "GOOS", "GOARCH"], { cwd: tmpdir(), timeoutMs: 60_000 }).catch(() => undefined);
  if (answer === undefined || answer.code !== 0) return undefined;
  const [version = "", os, arch] = answer.stdout.trim().split(/\s+/);
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1]) ? `${version} ${os}/${arch}` : undefined;
}

async function folderOf(tool: Tool, go: string): Promise<string> {
  const key = createHash("sha256")
    .update(`${await inputsOf(tool)}\n${go}`)
    .digest("hex")
    .slice(0, 12);
  return join(toolsDirectory(), `${tool.name}-${tool.version}-${key}`);
}

/** With Go, the build that this very Go made; without, any build of the same inputs for this platform. */
async function findBuilt(tool: Tool, go: string | undefined): Promise<string | undefined> {
  const folders = go === undefined ? await foldersOfSameInputs(tool) : [await folderOf(tool, go)];
  for (const folder of folders) {
    const path = join(folder, tool.name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function foldersOfSameInputs(tool: Tool): Promise<string[]> {
  const root = toolsDirectory();
  const inputs = await inputsOf(tool);
  const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
  const names = await readdir(root).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((entry) => entry.startsWith(`${tool.name}-${tool.version}-`)).toSorted()) {
    const stamp = await readFile(join(root, name, "inputs"), "utf8").catch(() => "");
    if (stamp.startsWith(`${inputs} `) && stamp.trim().endsWith(` ${platform}`)) found.push(join(root, name));
  }
  return found;
}

/** Builds in a copy of the module's files (the checkout stays clean) and renames the finished folder into place (an interrupted build is never used). Returns seconds. */
async function build(tool: Tool, go: string): Promise<number> {
  const startedAt = performance.now();
  const target = await folderOf(tool, go);
  const work = join(toolsDirectory(), `.work-${tool.name}-${process.pid}`);
  const output = join(work, "out");
  await mkdir(output, { recursive: true });
  for (const file of ["go.mod", "go.sum"]) await copyFile(join(moduleFolder(tool), file), join(work, file));
  const options = { cwd: work, env: buildEnvironment, timeoutMs: buildTimeoutMs };
  let answer = await run("go", buildArguments(tool, join(output, tool.name)), options);
  // Go does not retry a download that broke off; what came through is cached, so that a second try is cheap.
  if (answer.code !== 0) answer = await run("go", buildArguments(tool, join(output, tool.name)), options);
  if (answer.code !== 0)
    throw new Error(`Cannot build ${tool.name} ${tool.version}\n${answer.stderr.trim().split("\n").slice(-20).join("\n")}`);
  await writeFile(join(output, "inputs"), `${await inputsOf(tool)} ${go}\n`);
  await rm(target, { recursive: true, force: true });
  await rename(output, target);
  await rm(work, { recursive: true, force: true });
  return (performance.now() - startedAt) / 1_000;
}

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string>>; timeoutMs: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(command, args, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: options.timeoutMs });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (chunk: string) => (text[stream] += chunk));
    child.once("error", reject).once("close", (code) => resolve({ code, ...text }));
  });
}

if (import.meta.main) {
  const tools = await buildTools((text) => console.log(text));
  if (tools === undefined) {
    console.error(`NO REAL PARTS: Go ${oldestGo.join(".")} or newer is not on PATH, and ${toolsDirectory()} has no finished build.`);
    console.error("The end-to-end tests need kube-apiserver, etcd, two registries and cosign; install Go and run this again.");
    process.exitCode = exitWithoutGo;
  } else console.log(toolsDirectory());
}
