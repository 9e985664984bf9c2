/** One replica under load: a cold burst at a real registry; 10,000 distinct images with five artifacts each, then verdicts from its cache (design 9). Registry and replica are processes of their own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Row } from "./keychain.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const images = 10_000;
const artifactsEach = 5;
/** Design 9: a cold burst. */
const burstImages = 500;
/** Ends what hangs. */
const limitMs = 10 * 60_000;

interface Figures {
  readonly coldPerSecond: number;
  readonly cachedPerSecond: number;
  readonly longestBlockMs: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
}

export async function run(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  try {
    await promisify(execFile)(process.execPath, [`${root}scripts/bundle.ts`, directory, "test/bench/serving/replica.ts"]);
    const replica = join(directory, "replica.mjs");
    const many = await figuresOf(replica, ["registry.ts", String(images), String(artifactsEach)]);
    return rowsOf(many, await figuresOf(replica, ["distribution.ts", String(burstImages)]));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function rowsOf(many: Figures, burst: Figures): readonly Row[] {
  const name = `${images.toLocaleString("en")} images × ${artifactsEach} artifacts`;
  return [
    { name: `${burstImages} distinct images, cold, 32 at a time, distribution`, value: burst.coldPerSecond, unit: "images/s", budget: 250 },
    { name: `${name}, cold, 32 at a time`, value: many.coldPerSecond, unit: "images/s" },
    { name: `${name}: longest event-loop block`, value: many.longestBlockMs, unit: "ms", budget: 50 },
    {
      name: `${name}: resident memory, most (${Math.round(many.idleMiB)} MiB when idle)`,
      value: many.peakMiB,
      unit: "MiB",
      budget: 256,
    },
    { name: "verdicts from the cache, engine alone, one after the other", value: many.cachedPerSecond, unit: "verdicts/s" },
  ];
}

/** Of one replica, bundled as it ships, in front of one registry, each a process of its own. */
async function figuresOf(replicaFile: string, [script = "", ...args]: readonly string[]): Promise<Figures> {
  const registry = spawn(process.execPath, [path(script), ...args], { stdio: ["pipe", "pipe", "inherit"], timeout: limitMs });
  try {
    const setting = await firstLine(registry.stdout);
    const replica = spawn(process.execPath, [...(await flags()), replicaFile], {
      stdio: ["pipe", "pipe", "inherit"],
      timeout: limitMs,
    });
    replica.stdin.end(setting);
    return JSON.parse(await text(replica.stdout)) as Figures;
  } finally {
    registry.stdin.end();
    if (registry.exitCode === null) await once(registry, "exit");
  }
}

/** Those of Node.js that the image sets. */
export async function flags(): Promise<readonly string[]> {
  const dockerfile = await readFile(new URL("../../Dockerfile", import.meta.url), "utf8");
  return [...dockerfile.matchAll(/"(--max-[a-z-]+=\d+)"/g)].flatMap(([, flag]) => flag ?? []);
}

function path(file: string): string {
  return fileURLToPath(new URL(`./serving/${file}`, import.meta.url));
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let line = "";
  for await (const chunk of stream) {
    line += String(chunk);
    if (line.includes("\n")) break;
  }
  return line;
}
