import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/real/part.ts";
import { toolsDirectory } from "./build.ts";
import { acquireLock } from "./lock.ts";

/** moto: AWS as others understand it, a second opinion beside our own servers. Run as `command ...args` with `env`. */
export interface Moto {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const version = "5.2.5";
const requirements = fileURLToPath(new URL("moto/requirements.txt", import.meta.url));
const installTimeoutMs = 600_000;

/** What is installed already; installs nothing. */
export async function findMoto(): Promise<Moto | undefined> {
  const folder = await folderOf();
  if (folder === undefined) return undefined;
  try {
    await access(join(folder, "moto", "server.py"));
  } catch {
    return undefined;
  }
  const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1", PYTHONNOUSERSITE: "1" };
  return { command: "python3", args: ["-m", "moto.server"], env };
}

/**
 * Installs it below the tools' cache, outside of every checkout and of the machine's own Python.
 * @returns undefined without a Python that can, or where its packages cannot be had; `log` says why
 */
export async function installMoto(log: (line: string) => void): Promise<Moto | undefined> {
  const ready = await findMoto();
  if (ready !== undefined) return ready;
  const folder = await folderOf();
  if (folder === undefined) {
    log("moto: there is no python3 with pip on PATH");
    return undefined;
  }
  await mkdir(toolsDirectory(), { recursive: true });
  await using _lock = await acquireLock(join(toolsDirectory(), ".moto-lock"), (owner) =>
    log(`waiting for the installation of process ${owner}`),
  );
  const again = await findMoto();
  if (again !== undefined) return again;
  const work = `${folder}.work`;
  await rm(work, { recursive: true, force: true });
  const options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--disable-pip-version-check"];
  const installed = await runCommand("python3", ["-m", "pip", "install", ...options, "--target", work, "-r", requirements], {
    cwd: tmpdir(),
    timeoutMs: installTimeoutMs,
  });
  if (installed.code !== 0) {
    log(`moto: pip failed: ${installed.stderr.trim().split("\n").slice(-3).join(" ")}`);
    return undefined;
  }
  await rm(folder, { recursive: true, force: true });
  await rename(work, folder);
  log(`moto ${version} installed`);
  return await findMoto();
}

/** One for each Python: its packages are for its version and this processor. */
async function folderOf(): Promise<string | undefined> {
  const script = "import sys, platform, pip; print(sys.version_info[:2], platform.system(), platform.machine())";
  const python = await runCommand("python3", ["-c", script], { cwd: tmpdir() }).catch(() => undefined);
  if (python?.code !== 0) return undefined;
  const key = createHash("sha256")
    .update(await readFile(requirements))
    .update(python.stdout)
    .digest("hex")
    .slice(0, 12);
  return join(toolsDirectory(), `moto-${version}-${key}`);
}

if (import.meta.main && (await installMoto((text) => console.log(text))) === undefined) process.exitCode = 1;
