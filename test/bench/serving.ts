/** One replica under load: a cold burst at a real registry; 10,000 distinct images with five artifacts each, then verdicts from its cache (design 9). Registry and replica are processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Row } from "./keychain.ts";

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
  const many = await figuresOf("registry.ts", [String(images), String(artifactsEach)]);
  const burst = await figuresOf("distribution.ts", [String(burstImages)]);
  const name = `${images.toLocaleString("en")} images × ${artifactsEach} artifacts`;
  return [
    { name: `${burstImages} distinct images, cold, 32 at a time, distribution`, value: burst.coldPerSecond, unit: "images/s", budget: 250 },
    { name: `${name}, cold, 32 at a time`, value: many.coldPerSecond, unit: "images/s" },
    { name: `${name}: longest event-loop block`, value: many.longestBlockMs, unit: "ms", budget: 50 },
    {
      name: `${name}: resident memory, most (${Math.round(many.idleMiB)} MiB when idle, run from source)`,
      value: many.peakMiB,
      unit: "MiB",
      budget: 256,
    },
    { name: "verdicts from the cache, engine alone, one after the other", value: many.cachedPerSecond, unit: "verdicts/s" },
  ];
}

/** Of one replica in front of one registry, each a process of its own. */
async function figuresOf(script: string, args: readonly string[]): Promise<Figures> {
  const registry = spawn(process.execPath, [path(script), ...args], { stdio: ["pipe", "pipe", "inherit"], timeout: limitMs });
  try {
    const setting = await firstLine(registry.stdout);
    const replica = spawn(process.execPath, [...(await flags()), path("replica.ts")], {
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
